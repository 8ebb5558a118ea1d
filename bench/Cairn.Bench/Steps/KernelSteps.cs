using System.Collections.Concurrent;
using System.Diagnostics;
using Cairn.Bench.Workload;

namespace Cairn.Bench.Steps;

/// <summary>
/// The whole kernel: one step is a tool call with its intent and its result, each synced before the next thing happens,
/// a layer and a checkpoint; a model agent's step has the model's intent and answer as well.
/// </summary>
internal static class KernelSteps
{
    /// <summary>Large enough that nothing is left out of the prompts of the longest run that is measured.</summary>
    private const int HugeWindow = 200_000_000;

    public static async Task<Sample> CodeAsync(
        string directory, int runs, int steps, int bytes, bool onlyComputes, CancellationToken cancellationToken)
    {
        var kernel = new BenchKernel(directory, bytes, new ScriptedModel(0, TimeSpan.Zero, HugeWindow));
        var latencies = Enumerable.Range(0, runs).Select(_ => new List<double>(steps)).ToArray();
        var agents = latencies.Select(l => new NoteAgent(steps, l, onlyComputes)).ToList();
        var ids = new List<RunId>();
        foreach (var agent in agents)
        {
            ids.Add(await kernel.StartAsync(agent, cancellationToken));
        }

        using var done = new CountdownObserver(runs * steps);
        var start = Stopwatch.GetTimestamp();
        var driven = ids.Select((id, i) => Task.Run(() => kernel.Control.DriveAsync(id, agents[i], done, cancellationToken), cancellationToken)).ToList();
        await done.WaitAsync(driven, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Sample { Steps = (long)runs * steps, Seconds = seconds }.WithLatencies([.. latencies.SelectMany(l => l)]);
    }

    public static async Task<Sample> ModelAsync(string directory, int runs, int steps, int bytes, CancellationToken cancellationToken)
    {
        var last = new ConcurrentDictionary<RunId, long>();
        var latencies = new ConcurrentQueue<double>();
        var kernel = new BenchKernel(directory, bytes, new ScriptedModel(int.MaxValue - 1, TimeSpan.Zero, HugeWindow));
        using var done = new CountdownObserver(runs * steps)
        {
            OnStep = run =>
            {
                var now = Stopwatch.GetTimestamp();
                if (last.TryGetValue(run, out var before))
                {
                    latencies.Enqueue(Stopwatch.GetElapsedTime(before, now).TotalMicroseconds);
                }

                last[run] = now;
            },
            StepsPerRun = steps,
        };
        var ids = new List<RunId>();
        for (var i = 0; i < runs; i++)
        {
            ids.Add(await kernel.StartAsync(null, cancellationToken));
        }

        var start = Stopwatch.GetTimestamp();
        var driven = ids.Select(id => Task.Run(() => kernel.Control.DriveAsync(id, null, done, done.TokenOf(id)), cancellationToken)).ToList();
        await done.WaitAsync(driven, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Sample { Steps = (long)runs * steps, Seconds = seconds }.WithLatencies([.. latencies]);
    }

    /// <summary>Opens and folds every run; then takes the first one back to the checkpoint in its middle, durably.</summary>
    public static async Task<Sample> RecoverAsync(string directory, int runs, int steps, long start, CancellationToken cancellationToken)
    {
        using var kernel = new BenchKernel(directory, 0, new ScriptedModel(0, TimeSpan.Zero, HugeWindow));
        var heads = kernel.Journal.Runs();
        var folded = heads.Select(head => RunHistory.State(kernel.Journal, head.Run)).ToList();
        if (heads.Count != runs || folded.Any(state => state.Checkpoints.Count < steps))
        {
            throw new InvalidDataException($"{heads.Count} runs of {runs} with {folded.Min(s => s.Checkpoints.Count)} checkpoints of {steps}");
        }

        var recovered = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        var again = Stopwatch.GetTimestamp();
        await kernel.Control.RollBackAsync(heads[0].Run, folded[0].Checkpoints[steps / 2].Id, cancellationToken);
        return new Sample { RecoveryMs = recovered, RestoreMs = Stopwatch.GetElapsedTime(again).TotalMilliseconds };
    }
}
