using System.Collections.Immutable;
using Cairn.Kernel;
using K = Cairn.Kernel.Kernel;
using RunState = Cairn.Kernel.RunState;

namespace Cairn.Bench.Context;

/// <summary>A simulated run in the kernel alone: it reads files of a made-up tree, edits, searches and runs commands, of sizes as they occur.</summary>
internal sealed class LongRun
{
    private readonly Random _random = new(1);
    private readonly int _files;
    private int _layers;

    public LongRun(int window, string? policy, int files)
    {
        _files = files;
        Happen(new RunStarted(
            K.Version,
            new AgentSpec(AgentKind.Model, "bench", new("role", BlobHash.OfText("role"), 600), default, 4_000, [new("read_file", EffectClass.Pure), new("run_command", EffectClass.Sandboxed)]),
            new TextSource("task", BlobHash.OfText("task"), 300), "bench", "/repo", [], new("bench:one", window, 8_000, Recorded: true),
            new() { Steps = int.MaxValue, ErrorsInARow = int.MaxValue }, MergeMode.Never, null) { ContextPolicy = policy, ContextRules = ContextState.Rules, Fence = BlobHash.OfText("bench") });
    }

    public RunState State { get; private set; } = RunState.New;

    public AskModel Due => K.Decide(State).OfType<AskModel>().Single();

    /// <summary>Asks what is due and lives through the answer: one turn with one call.</summary>
    public void Step(AskModel ask)
    {
        Happen(new ModelCallStarted(ask.Step, ask.Attempt, ask.Plan.Model.Id, default, ask.Reserve.Tokens, ask.Reserve.Usd, default) { Context = ask.Context });
        var reads = _random.Next(3) > 0;
        Happen(new ModelCallFinished(
            ask.Step, BlobHash.OfText("answer"), _random.Next(30, 200), new(10, 10), 0, FinishReason.ToolCalls,
            [new("m", reads ? "read_file" : "run_command", BlobHash.OfText($"{State.Count}"), default, 0)]));
        var call = K.Decide(State).OfType<RunTool>().Single();
        Happen(new ToolCallStarted(call.Call.Id, call.Step, call.Call.Tool, call.Call.Arguments, call.Call.Effect, call.Layer, default));
        var tokens = _random.Next(10) == 0 ? _random.Next(3_000, 8_000) : _random.Next(60, 1_500);
        LayerId? layer = !reads && _random.Next(4) == 0 ? LayerId.Parse($"l{++_layers}") : null;
        Happen(new ToolCallFinished(call.Call.Id, ToolStatus.Ok, BlobHash.OfText("result"), tokens, layer, layer is null ? 0 : 1, ToolSignal.None, null, 1) { Context = Report(reads, tokens) });
    }

    private ContextReport? Report(bool reads, int tokens)
    {
        var brief = tokens > 300 ? new TextSource("", BlobHash.OfText("brief"), tokens / 6) : null;
        return reads
            ? new() { Brief = brief, Files = [new(string.Create(null, $"src/f{(int)(_files * Math.Pow(_random.NextDouble(), 2))}.cs"), BlobHash.OfText($"{_layers / 8}"))] }
            : brief is null ? null : new() { Brief = brief };
    }

    private void Happen(RunEvent e) => State = K.Apply(State, e);
}
