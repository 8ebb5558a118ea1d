using System.Diagnostics;

namespace Cairn.Bench.Steps;

/// <summary>The time from one durable step of a run to its next one.</summary>
internal sealed class Latencies
{
    private readonly Lock _gate = new();
    private readonly Dictionary<RunId, long> _last = [];

    /// <summary>In microseconds.</summary>
    public List<double> All { get; } = [];

    public void Add(RunId run)
    {
        var now = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            if (_last.TryGetValue(run, out var before))
            {
                All.Add(Stopwatch.GetElapsedTime(before, now).TotalMicroseconds);
            }

            _last[run] = now;
        }
    }
}
