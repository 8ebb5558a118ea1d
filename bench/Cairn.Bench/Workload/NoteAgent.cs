using System.Diagnostics;

namespace Cairn.Bench.Workload;

/// <summary>A code agent that calls the note tool so many times and remembers how long each call took.</summary>
/// <param name="steps">Calls.</param>
/// <param name="latencies">Gets the microseconds of each.</param>
/// <param name="onlyComputes">What it says of itself.</param>
internal sealed class NoteAgent(int steps, List<double> latencies, bool onlyComputes) : ICodeAgent
{
    public string Name => "notes";

    public bool OnlyComputes => onlyComputes;

    public async Task<AgentResult> RunAsync(ISyscalls kernel, CancellationToken cancellationToken)
    {
        for (var step = 1; step <= steps; step++)
        {
            var before = Stopwatch.GetTimestamp();
            var result = await kernel.CallAsync(NoteTool.Name, NoteTool.Arguments(step), cancellationToken);
            latencies.Add(Stopwatch.GetElapsedTime(before).TotalMicroseconds);
            if (!result.IsOk)
            {
                return new(false, result.Text);
            }
        }

        // The run stays open, as a run does whose process is killed.
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        return new(true, "done");
    }
}
