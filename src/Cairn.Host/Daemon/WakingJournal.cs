using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>A journal that wakes the watchers of a run when its records are durable, whoever appended them.</summary>
internal sealed class WakingJournal(IJournal journal, EventFeed feed) : IJournal
{
    public async ValueTask<IReadOnlyList<JournalRecord>> AppendAsync(
        RunId run, long expectedSeq, IReadOnlyList<RunEvent> events, CancellationToken cancellationToken)
    {
        var records = await journal.AppendAsync(run, expectedSeq, events, cancellationToken);
        feed.Wake(run);
        return records;
    }

    public IReadOnlyList<JournalRecord> Read(RunId run, long fromSeq = 0) => journal.Read(run, fromSeq);

    public IReadOnlyList<RunHead> Runs() => journal.Runs();
}
