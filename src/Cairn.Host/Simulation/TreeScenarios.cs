using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Sdk;

namespace Cairn.Host.Simulation;

/// <summary>Scenarios of several runs that depend on each other.</summary>
internal static class TreeScenarios
{
    /// <summary>
    /// Tokens of a run and its children. A call sets about 12,450 aside and spends 1,050: this is enough for the two that run
    /// side by side and not for one reservation more, so that a crash that leaked one shows as a child that may not go on.
    /// </summary>
    private const long TreeTokens = 33_600;

    private static RunId Old => RunId.Parse("rold");

    /// <summary>A run with children: none twice, none lost, no budget leaked.</summary>
    public static Scenario Children() => new("children", Families(), async process =>
    {
        var agent = new SimulatedParent();
        var run = await process.EnsureAsync(
            "rparent", null, r => r with { Merge = MergeMode.Auto, Code = agent, Limits = new() { Tokens = TreeTokens } });
        await process.FinishAsync(run, agent);
        if (RunHistory.State(process.Services.Journal, run).Outcome != RunOutcome.Succeeded)
        {
            // Without a crash too, when a prompt has grown: the limit must be set anew then, or it shows nothing.
            throw new InvalidOperationException("the budget of the tree was not enough: something of it leaked, or one reservation is larger than it was");
        }
    });

    /// <summary>A run with children that is paused at some time, or dies, and is then cancelled.</summary>
    public static Scenario Cancelled() => new("cancel", Families(), async process =>
    {
        var agent = new SimulatedParent();
        var run = await process.EnsureAsync("rparent", null, r => r with { Merge = MergeMode.Auto, Code = agent });
        if (process.Events(run).Count <= 1)
        {
            using var stop = new RunStop();
            var pause = PauseAsync();
            await process.DriveAsync(run, agent, stop);

            async Task PauseAsync()
            {
                await Task.Delay(TimeSpan.FromMinutes(process.Machine.Random.Next(1, 20)), process.Time);
                stop.Request(StopKind.Pause, "paused");
            }
        }

        await process.Control.StopAsync(run, pause: false, "cancelled", CancellationToken.None);
    })
    {
        Judge = AllOver,
    };

    /// <summary>Collections beside live runs: a run that is old goes as a whole; what a fork or a live run needs stays.</summary>
    public static Scenario Collection() => new("gc", Scenarios.Scripts(
        ("old", [new(Scenarios.Append("counter", 1), Scenarios.Do("fill", "large 300000")), new(Scenarios.Append("counter", 2)), Scenarios.Done]),
        ("source", [new(Scenarios.Append("elder", 7), Scenarios.Do("scatter", "leaf"), Scenarios.Do("fill", "big 280000")), new(Scenarios.Append("elder", 8)), new(Scenarios.Append("elder", 9)), Scenarios.Done]),
        ("work", [new(Scenarios.Append("counter", 1), Scenarios.Append("other", 1)), new(Scenarios.Append("counter", 2)), new(Scenarios.Do("charge", "it")), new(Scenarios.Append("counter", 3)), Scenarios.Done])),
        async process =>
        {
            var source = RunId.Parse("rsource");
            if (process.Events("rlive").Count == 0)
            {
                await process.FinishAsync(await process.EnsureAsync(Old.Value, "old", r => r with { Merge = MergeMode.Never }), null);
                await process.FinishAsync(await process.EnsureAsync(source.Value, "source", r => r with { Merge = MergeMode.Never }), null);
                await Task.Delay(TimeSpan.FromDays(3), process.Time);
            }

            var fork = await process.EnsureForkAsync("rfork", source, "c3");
            var live = await process.EnsureAsync("rlive", "work", r => r with { Merge = MergeMode.Auto });
            var work = WorkAsync();
            for (var i = 0; i < 6 && !work.IsCompleted; i++)
            {
                await process.Machine.NextEffect();
                await process.CollectAsync(new() { KeepDays = 1 });
            }

            await work;
            await Task.Delay(TimeSpan.FromHours(1), process.Time);
            await process.CollectAsync(new() { KeepDays = 1 });
            Expect(await process.CollectAsync(new() { KeepDays = 1, DryRun = true }));

            async Task WorkAsync()
            {
                try
                {
                    await Task.WhenAll(process.FinishAsync(fork, null), process.FinishAsync(live, null));
                }
                finally
                {
                    process.Machine.Nudge();
                }
            }
        })
    {
        Going = [Old],
    };

    private static void Expect(CollectionReport left)
    {
        if (left.Runs.Count + left.Bodies + left.Layers > 0)
        {
            throw new InvalidOperationException(
                $"a collection left {left.Runs.Count} runs, {left.Bodies} bodies and {left.Layers} layers that nothing reaches");
        }
    }

    private static IEnumerable<string> AllOver(SimulatedProcess process)
    {
        foreach (var head in process.Services.Journal.Runs())
        {
            var state = RunHistory.State(process.Services.Journal, head.Run);
            if (state.Phase != RunPhase.Ended)
            {
                yield return $"{head.Run} is still open in phase {state.Phase} although the run at the top is over";
            }
        }

        string[] merged = ["after", "before", "heir"];
        var there = merged.Where(process.Machine.Files.Repository.ContainsKey).ToList();
        if (there.Count is not 0 && there.Count != merged.Length)
        {
            yield return $"the repository is half merged: it has {string.Join(" and ", there)} only";
        }
    }

    private static ImmutableDictionary<string, ImmutableArray<ScriptedTurn>> Families() => Scenarios.Scripts(
        [.. SimulatedParent.Children.Select(name => (name, new[] { new ScriptedTurn(Scenarios.Append(name, 1), Scenarios.Append(name, 2)), new(Scenarios.Do("charge", name)), Scenarios.Done }))]);
}
