using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cairn.Bench.Workload;

namespace Cairn.Bench.Steps;

/// <summary>The storage engine alone: one step is one body put and one event appended, acknowledged after its sync.</summary>
internal static class StorageSteps
{
    public static async Task<Sample> MeasureAsync(string directory, int runs, int steps, int bytes, CancellationToken cancellationToken)
    {
        // Not disposed: the process is killed while it is open.
        var store = StateStore.Open(new PosixDisk(), directory, TimeProvider.System);
        await store.Journal.AppendAsync(RunId.Parse("first"), 0, [new CheckpointTaken("first")], cancellationToken);
        var latencies = Enumerable.Range(0, runs).Select(_ => new List<double>(steps)).ToArray();
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, runs).Select(run => Task.Run(
            () => OneRunAsync(store, Name(run), steps, bytes, latencies[run], cancellationToken), cancellationToken)));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Sample { Steps = (long)runs * steps, Seconds = seconds }.WithLatencies([.. latencies.SelectMany(l => l)]);
    }

    /// <summary>Opens, reads each run's records, and takes the middle one of the first as the place to go back to.</summary>
    public static Sample Recover(string directory, int runs, int steps, long start)
    {
        using var store = StateStore.Open(new PosixDisk(), directory, TimeProvider.System);
        for (var run = 0; run < runs; run++)
        {
            if (store.Journal.Read(RunId.Parse(Name(run))).Count != steps)
            {
                throw new InvalidDataException($"run {run} lost steps");
            }
        }

        return new Sample { RecoveryMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds };
    }

    private static async Task OneRunAsync(StateStore store, string run, int steps, int bytes, List<double> latencies, CancellationToken cancellationToken)
    {
        var id = RunId.Parse(run);
        for (var i = 0; i < steps; i++)
        {
            var body = Encoding.ASCII.GetBytes(Payloads.Of(run, i, bytes));
            var before = Stopwatch.GetTimestamp();
            var hash = store.Blobs.Put(body);
            await store.Journal.AppendAsync(id, i, [new AgentCalled(NoteTool.Name, hash, default)], cancellationToken);
            latencies.Add(Stopwatch.GetElapsedTime(before).TotalMicroseconds);
        }
    }

    private static string Name(int run) => string.Create(CultureInfo.InvariantCulture, $"r{run}");
}
