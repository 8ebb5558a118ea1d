using Cairn.Abstractions;

namespace Cairn.Host.Simulation;

/// <summary>A journal that does not keep what it promises. What it left out shifts the numbers of the records after it.</summary>
internal sealed class LyingJournal(IJournal journal, Plant plant, TimeProvider time) : IJournal
{
    private readonly Dictionary<RunId, long> _leftOut = [];
    private readonly Dictionary<RunId, List<RunEvent>> _held = [];
    private readonly Dictionary<RunId, Task> _later = [];

    public async ValueTask<IReadOnlyList<JournalRecord>> AppendAsync(
        RunId run, long expectedSeq, IReadOnlyList<RunEvent> events, CancellationToken cancellationToken)
    {
        var written = Written(run, events);
        var seq = plant == Plant.ExpectedSeqIgnored ? journal.Read(run).Count : expectedSeq - _leftOut.GetValueOrDefault(run);
        if (plant == Plant.AcknowledgedEarly)
        {
            _later[run] = LaterAsync(_later.GetValueOrDefault(run, Task.CompletedTask), run, seq, written);
        }
        else if (written.Count > 0)
        {
            await journal.AppendAsync(run, seq, written, cancellationToken);
        }

        _leftOut[run] = _leftOut.GetValueOrDefault(run) + events.Count - written.Count;
        return [.. events.Select((e, i) => new JournalRecord(run, expectedSeq + i, time.GetUtcNow(), e, default))];
    }

    public IReadOnlyList<JournalRecord> Read(RunId run, long fromSeq = 0)
    {
        var records = journal.Read(run, fromSeq);
        return plant == Plant.NewestRecordHidden && records.Count > 3 ? [.. records.SkipLast(1)] : records;
    }

    public IReadOnlyList<RunHead> Runs() => journal.Runs();

    private List<RunEvent> Written(RunId run, IReadOnlyList<RunEvent> events)
    {
        switch (plant)
        {
            case Plant.LastOfBatchLost:
                return [.. events.Count > 1 ? events.SkipLast(1) : events];
            case Plant.RecoveryNotWritten:
                return [.. events.Where(e => e is not RunRecovered)];
            case Plant.BatchReordered:
                return [.. events.Reverse()];
            case Plant.ReservationTwice:
                return [.. events.Select(e => e is ModelCallStarted call ? call with { ReservedTokens = 2 * call.ReservedTokens } : e)];
            case Plant.IntentAfterEffect:
                var before = _held.GetValueOrDefault(run, []);
                _held[run] = [.. events.Where(e => e is ToolCallStarted)];
                return [.. before, .. events.Where(e => e is not ToolCallStarted)];
            default:
                return [.. events];
        }
    }

    private async Task LaterAsync(Task before, RunId run, long seq, List<RunEvent> events)
    {
        await before;
        await Task.Delay(TimeSpan.FromMilliseconds(1), time);
        await journal.AppendAsync(run, seq, events, CancellationToken.None);
    }
}
