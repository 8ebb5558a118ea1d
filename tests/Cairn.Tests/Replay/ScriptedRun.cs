using System.Collections.Immutable;
using System.Text;
using Cairn.Host;
using Cairn.Kernel;
using Cairn.Storage;
using K = Cairn.Kernel.Kernel;
using RunState = Cairn.Kernel.RunState;

namespace Cairn.Tests.Replay;

/// <summary>
/// Plays the host over a real journal: stores every body, writes down the intents of what is due with their true hashes, and
/// lets a test say what happened. The same script gives the same bytes.
/// </summary>
internal sealed class ScriptedRun
{
    private readonly StateStore _store;
    private long _own;

    private ScriptedRun(StateStore store, RunId run, RunState state, long own) => (_store, Run, State, _own) = (store, run, state, own);

    public RunId Run { get; }

    public RunState State { get; private set; }

    /// <summary>Whether a run above this one has no budget left for it.</summary>
    private bool Refuse { get; init; }

    /// <summary>What the kernel asked for and has no result yet.</summary>
    public List<Command> Open { get; } = [];

    public static StateStore NewStore(IDisk disk, string directory = "/state") =>
        StateStore.Open(disk, directory, new StillTime(), new StateStoreOptions { ZeroFillBytes = 0, NewSalt = () => 7 });

    public static ScriptedRun Start(
        StateStore store, string run, string task = "fix the test", AgentKind kind = AgentKind.Model, JudgeSpec? judge = null,
        MergeMode merge = MergeMode.Auto, RunLimits? limits = null, int window = 100_000, RunId? parent = null, string? layer = null, bool refuse = false,
        PolicyBinding? policy = null, int? rules = null, bool? archive = null)
    {
        var definitions = CairnJson.Bytes(
            [new ToolDefinition("read", "Reads a file.", """{"type":"object"}"""), new ToolDefinition("write", "Writes a file.", """{"type":"object"}""")],
            CairnJson.Default.ImmutableArrayToolDefinition);
        var script = new ScriptedRun(store, RunId.Parse(run), RunState.New, 0) { Refuse = refuse };
        var model = kind == AgentKind.Model;
        script.Happen(new RunStarted(
            K.Version,
            new AgentSpec(kind, model ? "coder" : "renamer", model ? script.Text("prompt", "You repair programs.") : null, model ? store.Blobs.Put(definitions) : default, model ? 100 : 0,
                [new("read", EffectClass.Pure), new("write", EffectClass.Sandboxed), new("deploy", EffectClass.ExternalUnkeyed), new("ask_human", EffectClass.Pure), new("complete", EffectClass.Pure)]),
            script.Text("task", task), task, "/repo", [script.Text("AGENTS.md", "Run the tests.")],
            model ? new ModelBinding("test:one", window, 4_000, Recorded: false) { InputPrice = 1, OutputPrice = 2 } : null,
            limits ?? new RunLimits(), merge, judge)
        {
            Parent = parent,
            BaseLayer = layer is null ? null : LayerId.Parse(layer),
            Policy = policy,
            ContextRules = rules,
            Archive = archive,
        });
        return script;
    }

    /// <summary>A run that continues this one after so many records of its whole history.</summary>
    public ScriptedRun Fork(string run, long position, string? model = null)
    {
        var (source, count, chain) = RunHistory.Locate(_store.Journal, Run, position);
        var past = RunHistory.Events(_store.Journal, Run).Take((int)position);
        var fork = new ScriptedRun(_store, RunId.Parse(run), K.Fold(past), 0);
        return fork.Happen(new RunForked(source, count, chain, model is null ? null : State.Model! with { Id = model }));
    }

    /// <summary>The model answers. A call is a tool and its arguments; "read!" is an invalid one.</summary>
    /// <summary>What the next answers' tokens were worth; null for nothing.</summary>
    public System.Collections.Immutable.ImmutableArray<TokenLogprob>? Logprobs { get; set; }

    public ScriptedRun Answer(string text, params (string Tool, string Arguments)[] calls)
    {
        var ask = Take<AskModel>();
        var usage = new ModelUsage(Math.Min(1000, ask.Plan.Tokens), 100);
        var response = new ModelResponse
        {
            Text = text,
            ToolCalls = [.. calls.Select((c, i) => new ModelToolCall($"m{i}", c.Tool.TrimEnd('!'), c.Arguments))],
            Finish = calls.Length == 0 ? FinishReason.Stop : FinishReason.ToolCalls,
            Usage = usage,
            Model = "one",
        };
        var bytes = CairnJson.Bytes(response, CairnJson.Default.ModelResponse);
        var requested = calls.Select((c, i) => new RequestedCall(
            $"m{i}", c.Tool.TrimEnd('!'), Put(c.Arguments), c.Tool.EndsWith('!') ? Put("no such path") : default, c.Tool.EndsWith('!') ? 5 : 0)
        {
            Needs = NeedsOf(c.Tool, c.Arguments),
        });
        return Happen(new ModelCallFinished(
            ask.Step, _store.Blobs.Put(bytes), TokenEstimate.UpperBound(bytes.Length), usage, 0.0012m, response.Finish, [.. requested])
        {
            Logprobs = Logprobs is { } tokens ? _store.Blobs.Put(CairnJson.Bytes(tokens, CairnJson.Default.ImmutableArrayTokenLogprob)) : null,
        });
    }

    /// <summary>The run is paused while the model answers.</summary>
    public ScriptedRun PauseModel(string said)
    {
        var ask = Take<AskModel>();
        return Happen(new ModelCallCutOff(ask.Step, ask.Attempt, Put(said), 4), new RunStopRequested(true, "paused by the user"));
    }

    public ScriptedRun FailModel(ModelErrorKind kind)
    {
        var ask = Take<AskModel>();
        return Happen(new ModelCallFailed(ask.Step, ask.Attempt, kind, "no answer", TimeSpan.FromSeconds(2)));
    }

    /// <summary>An open tool call ends: the first one, or the last.</summary>
    public ScriptedRun Finish(string result, ToolStatus status = ToolStatus.Ok, string? layer = null, bool last = false, int tokens = 20, ContextReport? report = null, FilesChanged? changed = null)
    {
        var run = last ? Open.OfType<RunTool>().Last() : Open.OfType<RunTool>().First();
        Open.Remove(run);
        var signal = run.Call.Tool == "complete" ? ToolSignal.Complete : ToolSignal.None;
        var finished = new ToolCallFinished(
            run.Call.Id, status, Put(result), tokens, layer is null ? null : LayerId.Parse(layer), layer is null ? 0 : 1, signal, null, 3)
        {
            Data = State.Spec.Agent.Kind == AgentKind.Code ? Put($"{{\"text\":\"{result}\"}}") : null,
            Context = report,
        };
        return changed is null ? Happen(finished) : Happen(finished, changed);
    }

    public ScriptedRun Judge(bool passed, string report = "2 of 2 tests pass")
    {
        var judge = Take<RunJudge>();
        return Happen(new JudgeFinished(judge.Round, passed, passed ? 1 : 0.5, Put(report), 10));
    }

    public ScriptedRun Decide(string answer, bool yes)
    {
        var ask = Take<AskHuman>();
        return Happen(new DecisionMade(ask.Decision, Put(answer), 3, yes, "human"));
    }

    public ScriptedRun Merge(MergeStatus status = MergeStatus.Merged)
    {
        Take<MergeChanges>();
        return Happen(new MergeFinished(status, 1, "1 file"));
    }

    public ScriptedRun Calls(string tool, string arguments) => Happen(new AgentCalled(tool, Put(arguments), default) { Needs = NeedsOf(tool, arguments) });

    /// <summary>Applies an event and writes it down together with the intents of everything that is due then.</summary>
    public ScriptedRun Happen(params RunEvent[] happened)
    {
        if (happened.Any(e => e is RunRecovered or RunRolledBack))
        {
            // Nothing that was under way brings a result any more.
            Open.Clear();
        }

        List<RunEvent> events = [.. happened];
        var state = happened.Aggregate(State, K.Apply);
        for (var due = K.Decide(state); !due.IsEmpty; due = K.Decide(state))
        {
            foreach (var command in due)
            {
                Open.Add(command);
                events.Add(Intent(state, command));
                state = K.Apply(state, events[^1]);
            }
        }

        _own += _store.Journal.AppendAsync(Run, _own, events, CancellationToken.None).AsTask().GetAwaiter().GetResult().Count;
        State = state;
        return this;
    }

    public BlobHash Put(string text) => _store.Blobs.Put(Encoding.UTF8.GetBytes(text));

    private ImmutableArray<AccessRequest>? NeedsOf(string tool, string arguments) =>
        State.Spec.Policy is null ? null : Capabilities.Of(tool, arguments, State.Spec.Repository);

    public TextSource Text(string source, string text) => new(source, Put(text), TokenEstimate.UpperBound(text.Length));

    private T Take<T>()
        where T : Command
    {
        var command = Open.OfType<T>().Last();
        Open.Remove(command);
        return command;
    }

    private RunEvent Intent(RunState state, Command command)
    {
        var hash = K.Hash(state);
        return command switch
        {
            AskModel x when Refuse => new BudgetRefused(x.Step, State.Spec?.Parent ?? RunId.Parse("tight"), "only 10 tokens are left"),
            AskModel x => new ModelCallStarted(
                x.Step, x.Attempt, x.Plan.Model.Id,
                BlobHash.Of(PromptRenderer.CanonicalBytes(PromptRenderer.Render(x.Plan, x.MaxOutputTokens, _store.Blobs.Get))),
                x.Reserve.Tokens, x.Reserve.Usd, hash) { Context = x.Context },
            RunTool x => new ToolCallStarted(x.Call.Id, x.Step, x.Call.Tool, x.Call.Arguments, x.Call.Effect, x.Layer, hash) { Policy = x.Policy },
            DenyTool x => new ToolCallDenied(x.Call.Id, x.Step, x.Call.Tool, x.Policy, Put(x.Text), TokenEstimate.UpperBound(x.Text.Length), hash),
            AskArchive x => new ArchiveAsked(x.Query, hash),
            AskHuman x => new DecisionRequested(x.Decision, x.Kind, Put("which one?"), ["this", "that"], x.Call?.Id),
            RunJudge x => new JudgeStarted(x.Round, x.Layer, hash),
            MergeChanges => new MergeStarted(Put("{}"), hash),
            EndRun x => new RunEnded(x.Outcome, x.Reason, hash),
            _ => throw new InvalidOperationException(),
        };
    }

    private sealed class StillTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    }
}
