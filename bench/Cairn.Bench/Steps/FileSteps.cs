using System.Diagnostics;
using Cairn.Bench.Workload;
using Cairn.Sdk;

namespace Cairn.Bench.Steps;

/// <summary>
/// Everything real: journal, layers on disk, the write_file tool, a code agent. Once embedded and once in a daemon that a
/// client drives over its Unix socket, so that the difference is what the server costs.
/// </summary>
internal static class FileSteps
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(5);

    public static ICairn Open(string directory) => CairnHost.Open(new HostOptions(directory, new Nobody(), Environment.GetEnvironmentVariable));

    /// <summary>Starts the runs, and waits until whoever watches them has seen every step.</summary>
    /// <param name="cairn">Embedded or remote.</param>
    /// <param name="directory">The state directory; a repository is made beside it.</param>
    /// <param name="runs">Runs.</param>
    /// <param name="steps">Steps of each.</param>
    /// <param name="bytes">Bytes of each step.</param>
    /// <param name="watch">Drives or follows a run.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<Sample> WriteAsync(
        ICairn cairn, string directory, int runs, int steps, int bytes, Func<RunId, IRunObserver, Task> watch, CancellationToken cancellationToken)
    {
        var repository = directory + ".repository";
        Directory.CreateDirectory(Path.Combine(repository, ".git"));
        var latencies = new Latencies();
        using var done = new CountdownObserver((long)runs * steps) { OnStep = latencies.Add };
        var start = Stopwatch.GetTimestamp();
        var driven = new List<Task>();
        for (var i = 0; i < runs; i++)
        {
            var run = await cairn.StartAsync(
                new StartRun { Task = FileNotes.TaskOf(steps, bytes), Repository = repository, Merge = MergeMode.Never, MaxSteps = 1_000_000 },
                new FileNotes(), cancellationToken);
            driven.Add(Task.Run(() => watch(run, done), cancellationToken));
        }

        await done.WaitAsync(driven, cancellationToken);
        return new Sample { Steps = (long)runs * steps, Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds }.WithLatencies(latencies.All);
    }

    public static Task<Sample> EmbeddedAsync(string directory, int runs, int steps, int bytes, CancellationToken cancellationToken)
    {
        // Not disposed: the process is killed while it is open.
        var cairn = Open(directory);
        return WriteAsync(cairn, directory, runs, steps, bytes, (run, observer) => cairn.DriveAsync(run, new FileNotes(), observer, cancellationToken), cancellationToken);
    }

    public static async Task<Sample> RecoverAsync(string directory, int runs, int steps, long start, CancellationToken cancellationToken)
    {
        await using var cairn = Open(directory);
        await StandsAsync(cairn, runs, steps, "interrupted", cancellationToken);
        return await RestoreAsync(cairn, steps, start, cancellationToken);
    }

    /// <summary>Returns when every run stands where it stood.</summary>
    public static async Task StandsAsync(ICairn cairn, int runs, int steps, string status, CancellationToken cancellationToken)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var all = (await cairn.RunsAsync(cancellationToken)).Where(r => !r.Ended).ToList();
            if (all.Count == runs && all.All(r => r.Step == steps && r.Status == status))
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(since) > Patience)
            {
                throw new InvalidDataException($"{all.Count} runs of {runs}; the first is {all.FirstOrDefault()?.Status} at step {all.FirstOrDefault()?.Step} of {steps}");
            }

            await Task.Delay(BetweenLooks, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Takes the first run back to the checkpoint in its middle, durably.</summary>
    public static async Task<Sample> RestoreAsync(ICairn cairn, int steps, long start, CancellationToken cancellationToken)
    {
        var recovered = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        var first = (await cairn.RunsAsync(cancellationToken)).First(r => !r.Ended);
        if (first.Status == "running")
        {
            await cairn.PauseAsync(first.Id, "restore", cancellationToken);
        }

        var again = Stopwatch.GetTimestamp();
        await cairn.RollBackAsync(first.Id, CheckpointId.Parse($"c{steps / 2}"), cancellationToken);
        return new Sample { RecoveryMs = recovered, RestoreMs = Stopwatch.GetElapsedTime(again).TotalMilliseconds };
    }

    private sealed class Nobody : IHuman
    {
        public Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken) => Task.FromResult<string?>(null);
    }
}
