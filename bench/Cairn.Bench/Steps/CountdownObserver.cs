using System.Collections.Concurrent;

namespace Cairn.Bench.Steps;

/// <summary>Counts durable tool results, and stops each run at its last one.</summary>
internal sealed class CountdownObserver(long total) : IRunObserver, IDisposable
{
    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<RunId, (CancellationTokenSource Stop, int[] Count)> _runs = new();
    private long _left = total;

    /// <summary>Told of each step's run.</summary>
    public Action<RunId>? OnStep { get; init; }

    /// <summary>A run is stopped after so many; 0 for never.</summary>
    public int StepsPerRun { get; init; }

    public CancellationToken TokenOf(RunId run) => _runs.GetOrAdd(run, _ => (new(), new int[1])).Stop.Token;

    public void Recorded(JournalRecord record)
    {
        if (record.Event is not ToolCallFinished)
        {
            return;
        }

        if (StepsPerRun > 0)
        {
            var (stop, count) = _runs[record.Run];
            if (++count[0] > StepsPerRun)
            {
                return;
            }

            if (count[0] == StepsPerRun)
            {
                stop.Cancel();
            }
        }

        OnStep?.Invoke(record.Run);
        if (Interlocked.Decrement(ref _left) == 0)
        {
            _all.SetResult();
        }
    }

    public void ModelDelta(RunId run, ModelDelta delta)
    {
    }

    public void Output(RunId run, string text)
    {
    }

    /// <summary>Returns after the last step, or fails with the run that failed.</summary>
    public async Task WaitAsync(IReadOnlyList<Task> driven, CancellationToken cancellationToken)
    {
        var failed = Task.WhenAll(driven);
        if (await Task.WhenAny(_all.Task, failed).WaitAsync(cancellationToken) == failed)
        {
            await failed;
            await _all.Task.WaitAsync(TimeSpan.FromSeconds(1), cancellationToken);
        }
    }

    public void Dispose()
    {
        foreach (var (stop, _) in _runs.Values)
        {
            stop.Dispose();
        }
    }
}
