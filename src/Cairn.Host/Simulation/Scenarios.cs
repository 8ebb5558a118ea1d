using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host.Simulation;

/// <summary>
/// What the simulator can play. A new part of Cairn that changes durable state adds its scenario to <see cref="All"/>:
/// every crash point and planted bug is then tried on it as well.
/// </summary>
internal static class Scenarios
{
    private const int Crowded = 16;

    public static ImmutableArray<Scenario> All { get; } =
    [
        Single(), Crowd(), Fork(), RollBack(), Merge(), Human(), Code(), Computing(), Rivals(), TreeScenarios.Children(), TreeScenarios.Cancelled(), TreeScenarios.Collection(),
    ];

    public static Scenario Find(string name) =>
        All.FirstOrDefault(s => s.Name == name)
        ?? throw new UserException($"There is no scenario '{name}': there are {string.Join(", ", All.Select(s => s.Name))}.");

    /// <summary>All effect classes, reading side by side, a judge, a merge.</summary>
    private static Scenario Single() => new("single", Scripts(("work",
    [
        new(Append("counter", 1), Read("readme.txt")),
        new(Do("charge", "one")),
        new(Append("counter", 2), Append("other", 1)),
        new(Do("notify", "two")),
        new(Read("readme.txt"), Read("counter"), Read("missing")),
        new(Append("counter", 3)),
        Done,
    ])), async process =>
    {
        var run = await process.EnsureAsync("rsingle", "work", r => r with { Merge = MergeMode.Auto, Judge = new("counter") });
        await process.FinishAsync(run, null);
    });

    /// <summary>Many runs at once, one journal, one repository.</summary>
    private static Scenario Crowd() => new(
        "crowd",
        Scripts([.. Enumerable.Range(0, Crowded).Select(i => ($"w{i}", new[]
        {
            new ScriptedTurn(Append($"counter{i}", 1)), new(Do("charge", $"of {i}")), new(Append($"counter{i}", 2)), Done,
        }))]),
        process => Task.WhenAll(Enumerable.Range(0, Crowded).Select(async i =>
        {
            var run = await process.EnsureAsync($"rcrowd{i}", $"w{i}", r => r with { Merge = MergeMode.Auto });
            await process.FinishAsync(run, null);
        })));

    /// <summary>A run that is over goes on from its second checkpoint as another one.</summary>
    private static Scenario Fork() => new("fork", Counting(), async process =>
    {
        var run = await process.EnsureAsync("rsource", "work", r => r with { Merge = MergeMode.Never });
        await process.FinishAsync(run, null);
        var fork = await process.EnsureForkAsync("rfork", run, "c2");
        await process.FinishAsync(fork, null);
    });

    /// <summary>A run that is over is taken back to its second checkpoint and goes on.</summary>
    private static Scenario RollBack() => new("rollback", Counting(), async process =>
    {
        var run = await process.EnsureAsync("rback", "work", r => r with { Merge = MergeMode.Never });
        if (!process.Events(run).OfType<RunRolledBack>().Any())
        {
            await process.FinishAsync(run, null);
            await process.Control.RollBackAsync(run, CheckpointId.Parse("c2"), CancellationToken.None);
        }

        await process.FinishAsync(run, null);
    });

    /// <summary>Changes of several files, one of them large, are merged by hand after the run.</summary>
    private static Scenario Merge() => new("merge", Scripts(("work",
    [
        new(Append("a/one", 1), Append("b/two", 1), Do("fill", "large 300000")),
        new(Append("a/one", 2), Append("readme.txt", 1)),
        Done,
    ])), async process =>
    {
        var run = await process.EnsureAsync("rmerge", "work", r => r with { Merge = MergeMode.Never });
        await process.FinishAsync(run, null);
        if (!process.Events(run).OfType<MergeFinished>().Any(m => m.Status == MergeStatus.Merged))
        {
            await process.Control.MergeAsync(run, CancellationToken.None);
        }
    });

    /// <summary>Questions that take hours, within a wall time of days that ends only after the run did.</summary>
    private static Scenario Human() => new("human", Scripts(("work",
    [
        new(Append("counter", 1)),
        new(new ScriptedCall(KernelTools.AskHuman, """{"question":"Which colour?","options":[]}""")),
        new(Append("counter", 2)),
        Done,
    ])), async process =>
    {
        var run = await process.EnsureAsync(
            "rhuman", "work", r => r with { Merge = MergeMode.Ask, Limits = new() { Wall = TimeSpan.FromDays(40) } });
        await process.FinishAsync(run, null);
        await Task.Delay(TimeSpan.FromDays(48), process.Time);
    });

    /// <summary>A program with checkpoints, a rollback of its own and effects of all classes.</summary>
    private static Scenario Code() => new("code", Scripts(), async process =>
    {
        var agent = new SimulatedAgent(process.Machine);
        var run = await process.EnsureAsync("rcode", null, r => r with { Merge = MergeMode.Auto, Code = agent });
        await process.FinishAsync(run, agent);
    });

    /// <summary>The same program, told what it asked before that is durable; in the midst of other runs, whose commits its results may join.</summary>
    private static Scenario Computing() => new("computing", Scripts(("work",
        [new(Append("beside", 1)), new(Do("charge", "beside")), new(Append("beside", 2)), Done])), async process =>
    {
        var agent = new SimulatedAgent(process.Machine) { OnlyComputes = true };
        var run = await process.EnsureAsync("rcomputing", null, r => r with { Merge = MergeMode.Auto, Code = agent });
        var other = await process.EnsureAsync("rbeside", "work", r => r with { Merge = MergeMode.Never });
        await Task.WhenAll(process.FinishAsync(run, agent), process.FinishAsync(other, null));
    });

    /// <summary>Two drivers of one run: one of them must lose before it does anything.</summary>
    private static Scenario Rivals() => new("rivals", Counting(), async process =>
    {
        var run = await process.EnsureAsync("rrival", "work", r => r with { Merge = MergeMode.Auto });
        await Task.WhenAll(process.TryFinishAsync(run), process.TryFinishAsync(run));
        await process.FinishAsync(run, null);
    });

    internal static ScriptedTurn Done => new(new ScriptedCall(KernelTools.Complete, """{"summary":"done","outcome":"done"}"""));

    private static ImmutableDictionary<string, ImmutableArray<ScriptedTurn>> Counting() => Scripts(("work",
        [new(Append("counter", 1)), new(Append("counter", 2)), new(Do("charge", "it")), new(Append("counter", 3)), Done]));

    internal static ScriptedCall Do(string tool, string text) => ScriptedCall.Of(tool, text);

    internal static ScriptedCall Append(string file, int line) =>
        ScriptedCall.Of("append", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{file} {line}"));

    private static ScriptedCall Read(string path) => new("read_file", $$"""{"path":"{{path}}"}""");

    internal static ImmutableDictionary<string, ImmutableArray<ScriptedTurn>> Scripts(params (string Model, ScriptedTurn[] Turns)[] scripts) =>
        scripts.ToImmutableDictionary(s => s.Model, s => s.Turns.ToImmutableArray());
}
