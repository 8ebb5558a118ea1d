using System.Collections.Immutable;
using System.Text;
using Cairn.Kernel;

namespace Cairn.Tests.Kernel;

/// <summary>
/// Plays the host for the kernel: writes down the intents of what is due, in memory, and lets a test say what happened.
/// </summary>
internal sealed class Scripted
{
    private readonly Dictionary<BlobHash, byte[]> _bodies = [];
    private int _layers;

    public Scripted(RunStarted spec)
    {
        Happen(spec);
    }

    public List<RunEvent> Journal { get; } = [];

    public RunState State { get; private set; } = RunState.New;

    /// <summary>What the kernel asked for and has no result yet.</summary>
    public List<Command> Open { get; } = [];

    public static RunStarted Spec(
        RunLimits? limits = null, MergeMode merge = MergeMode.Auto, JudgeSpec? judge = null, ModelBinding? model = null, AgentKind kind = AgentKind.Model) =>
        new(
            Cairn.Kernel.Kernel.Version,
            new AgentSpec(kind, "tester", null, default, 100,
            [
                new("read", EffectClass.Pure), new("write", EffectClass.Sandboxed), new("deploy", EffectClass.ExternalUnkeyed),
                new("keyed", EffectClass.ExternalKeyed), new("ask_human", EffectClass.Pure), new("complete", EffectClass.Pure),
            ]),
            new TextSource("task", BlobHash.OfText("do it"), 10), "do it", "/repo", [],
            kind == AgentKind.Code ? null : model ?? new ModelBinding("test:model", 100_000, 4_000, Recorded: true) { InputPrice = 1, OutputPrice = 2 },
            limits ?? new RunLimits(), merge, judge);

    public BlobHash Put(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var hash = BlobHash.Of(bytes);
        _bodies[hash] = bytes;
        return hash;
    }

    public byte[] Body(BlobHash hash) => _bodies[hash];

    /// <summary>Applies an event and writes down the intents of everything that is due then.</summary>
    public Scripted Happen(RunEvent e)
    {
        Apply(e);
        while (true)
        {
            var due = Cairn.Kernel.Kernel.Decide(State);
            if (due.IsEmpty)
            {
                return this;
            }

            foreach (var command in due)
            {
                Open.Add(command);
                Apply(Intent(command));
            }
        }
    }

    /// <summary>The model answers with the given calls.</summary>
    public Scripted Answer(params string[] tools) => Answer(new ModelUsage(1000, 100), tools);

    public Scripted Answer(ModelUsage usage, params string[] tools)
    {
        var ask = Take<AskModel>();
        var calls = tools.Select((t, i) => new RequestedCall($"m{i}", t.TrimEnd('!'), Put($"{t}{i}"), t.EndsWith('!') ? Put("invalid") : default, 5));
        return Happen(new ModelCallFinished(
            ask.Step, Put(Response(tools)), 50, usage, 0.01m, tools.Length == 0 ? FinishReason.Stop : FinishReason.ToolCalls, [.. calls]));
    }

    public Scripted FailModel(ModelErrorKind kind, TimeSpan? retryAfter = null)
    {
        var ask = Take<AskModel>();
        return Happen(new ModelCallFailed(ask.Step, ask.Attempt, kind, "no", retryAfter));
    }

    /// <summary>The first open tool call ends.</summary>
    public Scripted Finish(ToolStatus status = ToolStatus.Ok, int tokens = 20, ToolSignal signal = ToolSignal.None, bool changes = true, ContextReport? report = null)
    {
        var run = Take<RunTool>();
        LayerId? layer = run.Call.Effect == EffectClass.Sandboxed && changes ? LayerId.Parse($"l{++_layers}") : null;
        return Happen(new ToolCallFinished(
            run.Call.Id, status, Put($"result of {run.Call.Id}"), tokens, layer, layer is null ? 0 : 1,
            run.Call.Tool == "complete" && signal == ToolSignal.None ? ToolSignal.Complete : signal, null, 1)
        {
            Context = report,
        });
    }

    public Scripted Judge(bool passed)
    {
        var judge = Take<RunJudge>();
        return Happen(new JudgeFinished(judge.Round, passed, passed ? 1 : 0, Put("report"), 10));
    }

    public Scripted Decide(bool yes)
    {
        var ask = Take<AskHuman>();
        return Happen(new DecisionMade(ask.Decision, Put("answer"), 3, yes, "human"));
    }

    public T Take<T>()
        where T : Command
    {
        var command = Open.OfType<T>().First();
        Open.Remove(command);
        return command;
    }

    private static string Response(string[] tools) =>
        Encoding.UTF8.GetString(CairnJson.Bytes(
            new ModelResponse { Text = "ok", ToolCalls = [.. tools.Select((t, i) => new ModelToolCall($"m{i}", t, "{}"))] }, CairnJson.Default.ModelResponse));

    private void Apply(RunEvent e)
    {
        State = Cairn.Kernel.Kernel.Apply(State, e);
        Journal.Add(e);
    }

    private RunEvent Intent(Command command)
    {
        var hash = Cairn.Kernel.Kernel.Hash(State);
        return command switch
        {
            AskModel x => new ModelCallStarted(x.Step, x.Attempt, x.Plan.Model.Id, default, x.Reserve.Tokens, x.Reserve.Usd, hash) { Context = x.Context },
            RunTool x => new ToolCallStarted(x.Call.Id, x.Step, x.Call.Tool, x.Call.Arguments, x.Call.Effect, x.Layer, hash),
            AskArchive x => new ArchiveAsked(x.Query, hash),
            AskHuman x => new DecisionRequested(x.Decision, x.Kind, default, [], x.Call?.Id),
            RunJudge x => new JudgeStarted(x.Round, x.Layer, hash),
            MergeChanges => new MergeStarted(default, hash),
            EndRun x => new RunEnded(x.Outcome, x.Reason, hash),
            _ => throw new InvalidOperationException(),
        };
    }
}
