using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Cairn.Abstractions;

/// <summary>
/// Something that happened in a run. The state of a run is the fold of its events and nothing else. Events whose name
/// ends in Started or Requested are intents: they stand on disk before the thing is done.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(RunStarted), "run.started")]
[JsonDerivedType(typeof(RunForked), "run.forked")]
[JsonDerivedType(typeof(RunRecovered), "run.recovered")]
[JsonDerivedType(typeof(RunRolledBack), "run.rolled_back")]
[JsonDerivedType(typeof(RunStopRequested), "run.stop_requested")]
[JsonDerivedType(typeof(RunEnded), "run.ended")]
[JsonDerivedType(typeof(ModelCallStarted), "model.started")]
[JsonDerivedType(typeof(ModelCallFinished), "model.finished")]
[JsonDerivedType(typeof(ModelCallFailed), "model.failed")]
[JsonDerivedType(typeof(ModelCallCutOff), "model.cut_off")]
[JsonDerivedType(typeof(BudgetRefused), "budget.refused")]
[JsonDerivedType(typeof(AgentCalled), "agent.called")]
[JsonDerivedType(typeof(AgentFinished), "agent.finished")]
[JsonDerivedType(typeof(ToolCallStarted), "tool.started")]
[JsonDerivedType(typeof(ToolCallDenied), "tool.denied")]
[JsonDerivedType(typeof(ToolCallFinished), "tool.finished")]
[JsonDerivedType(typeof(FilesNoticed), "files.noticed")]
[JsonDerivedType(typeof(FilesChanged), "files.changed")]
[JsonDerivedType(typeof(ArchiveAsked), "archive.asked")]
[JsonDerivedType(typeof(ArchiveAnswered), "archive.answered")]
[JsonDerivedType(typeof(CheckpointTaken), "checkpoint.taken")]
[JsonDerivedType(typeof(DecisionRequested), "decision.requested")]
[JsonDerivedType(typeof(DecisionMade), "decision.made")]
[JsonDerivedType(typeof(JudgeStarted), "judge.started")]
[JsonDerivedType(typeof(JudgeFinished), "judge.finished")]
[JsonDerivedType(typeof(MergeStarted), "merge.started")]
[JsonDerivedType(typeof(MergeFinished), "merge.finished")]
[JsonDerivedType(typeof(ConflictsResolved), "merge.resolved")]
public abstract record RunEvent;

/// <summary>A run begins. Always the first record of a run that is no fork.</summary>
/// <param name="Kernel">Version of the kernel's rules, so that a later kernel folds an old journal as it was meant.</param>
/// <param name="Agent">Who does the work.</param>
/// <param name="Task">The whole task.</param>
/// <param name="Title">The task's first line, for lists.</param>
/// <param name="Repository">Absolute path of the repository.</param>
/// <param name="Rules">The AGENTS.md files that apply, outermost scope first.</param>
/// <param name="Model">The model; null for a code agent.</param>
/// <param name="Limits">The hard stops.</param>
/// <param name="Merge">What happens with the changes.</param>
/// <param name="Judge">Who decides whether the task is done; null when the agent's word counts.</param>
public sealed record RunStarted(
    int Kernel,
    AgentSpec Agent,
    TextSource Task,
    string Title,
    string Repository,
    ImmutableArray<TextSource> Rules,
    ModelBinding? Model,
    RunLimits Limits,
    MergeMode Merge,
    JudgeSpec? Judge) : RunEvent
{
    /// <summary>The run that spawned this one; null for a run that a user started. Its budget bounds this run's too.</summary>
    public RunId? Parent { get; init; }

    /// <summary>The parent's layer that this run starts from; null for the repository itself.</summary>
    public LayerId? BaseLayer { get; init; }

    /// <summary>
    /// The days for which the run is kept after it ended: no collection removes it before, each one may after. Null leaves that
    /// to who collects. It holds for the run's children and forks too.
    /// </summary>
    public int? KeepDays { get; init; }

    /// <summary>What it may do; null permits every call that the sandbox can carry out.</summary>
    public PolicyBinding? Policy { get; init; }

    /// <summary>What the run has beside the built-in tools: tools of its own, MCP servers, network; null for nothing.</summary>
    public RunDevices? Devices { get; init; }

    /// <summary>The program that does the work; null for a model or code agent.</summary>
    public GuestSpec? Guest { get; init; }

    /// <summary>What the marks around untrusted texts are derived from; random, and never part of a prompt. Null in runs made by hand.</summary>
    public BlobHash? Fence { get; init; }

    /// <summary>The policy of the context, by name; null for the default.</summary>
    public string? ContextPolicy { get; init; }

    /// <summary>What happens when an action names what does not exist; null to warn.</summary>
    public GroundingMode? Grounding { get; init; }

    /// <summary>By which rules room is made in its prompts; null for the first ones.</summary>
    public int? ContextRules { get; init; }

    /// <summary>What matters is asked of an archive; null for no.</summary>
    public bool? Archive { get; init; }
}

/// <summary>A run begins where another one was. Always the first record of a fork.</summary>
/// <param name="Source">The run that it continues.</param>
/// <param name="SourceCount">How many of the source's records are its past.</param>
/// <param name="SourceChain">The chain value of the last of them: the proof of which past it is.</param>
/// <param name="Model">Another model to go on with; null keeps the source's.</param>
public sealed record RunForked(RunId Source, long SourceCount, BlobHash SourceChain, ModelBinding? Model) : RunEvent
{
    /// <summary>A layer that gives the files of that place although they were merged since; null when none is needed.</summary>
    public LayerId? Layer { get; init; }
}

/// <summary>A process took the run up again; what was under way is issued again by its effect class.</summary>
/// <param name="Reason">resume, restart, …</param>
public sealed record RunRecovered(string Reason) : RunEvent;

/// <summary>The run's state is again what it was at a checkpoint. What was spent stays spent.</summary>
/// <param name="To">The checkpoint.</param>
/// <param name="Reason">Who asked and why.</param>
/// <param name="Continue">True when the agent itself rolled back and goes on at once; false leaves the run paused.</param>
public sealed record RunRolledBack(CheckpointId To, string Reason, bool Continue) : RunEvent
{
    /// <summary>A layer that gives the checkpoint's files although they were merged since; null when none is needed.</summary>
    public LayerId? Layer { get; init; }
}

/// <summary>Someone stops the run.</summary>
/// <param name="Pause">True when it is to go on later.</param>
/// <param name="Reason">Who and why.</param>
/// <param name="Limit">True when a limit of the run asks for it, not a human.</param>
public sealed record RunStopRequested(bool Pause, string Reason, bool Limit = false) : RunEvent;

/// <summary>The run is over; only rollback, fork and merge may follow.</summary>
/// <param name="Outcome">How.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="State">Hash of the state before this record.</param>
public sealed record RunEnded(RunOutcome Outcome, string Reason, BlobHash State) : RunEvent;

/// <summary>Intent: the model is about to be asked.</summary>
/// <param name="Step">The step, from 1.</param>
/// <param name="Attempt">The attempt, from 1.</param>
/// <param name="Model">provider:name.</param>
/// <param name="Prompt">Hash of the request's canonical bytes.</param>
/// <param name="ReservedTokens">Tokens set aside for it.</param>
/// <param name="ReservedUsd">Money set aside for it.</param>
/// <param name="State">Hash of the state before this record.</param>
public sealed record ModelCallStarted(
    int Step, int Attempt, string Model, BlobHash Prompt, long ReservedTokens, decimal ReservedUsd, BlobHash State) : RunEvent
{
    /// <summary>What was moved in the context to make room for it; null when nothing was.</summary>
    public ContextDecision? Context { get; init; }
}

/// <summary>Result: the model answered.</summary>
/// <param name="Step">The step.</param>
/// <param name="Response">The whole answer (JSON of <see cref="ModelResponse"/>).</param>
/// <param name="Tokens">Upper bound of the tokens that it takes in later prompts.</param>
/// <param name="Usage">What the provider counted.</param>
/// <param name="CostUsd">Its price; 0 when unknown.</param>
/// <param name="Finish">Why the model stopped.</param>
/// <param name="Calls">The tool calls, checked.</param>
public sealed record ModelCallFinished(
    int Step,
    BlobHash Response,
    int Tokens,
    ModelUsage Usage,
    decimal CostUsd,
    FinishReason Finish,
    ImmutableArray<RequestedCall> Calls) : RunEvent
{
    /// <summary>The log-probabilities of the answer's tokens (JSON list of <see cref="TokenLogprob"/>); null when there are none.</summary>
    public BlobHash? Logprobs { get; init; }

    /// <summary>How the model was chosen (JSON of <see cref="RouteRecord"/>); null when nobody chose.</summary>
    public BlobHash? Route { get; init; }
}

/// <summary>Result: the attempt brought no answer.</summary>
/// <param name="Step">The step.</param>
/// <param name="Attempt">The attempt.</param>
/// <param name="Kind">What went wrong.</param>
/// <param name="Message">For people.</param>
/// <param name="RetryAfter">The wait that the provider asked for.</param>
public sealed record ModelCallFailed(int Step, int Attempt, ModelErrorKind Kind, string Message, TimeSpan? RetryAfter) : RunEvent
{
    /// <summary>How the model was chosen (JSON of <see cref="RouteRecord"/>); null when nobody chose.</summary>
    public BlobHash? Route { get; init; }
}

/// <summary>Result: the run was stopped while the model answered. What had come in is kept for people; the call is due again.</summary>
/// <param name="Step">The step.</param>
/// <param name="Attempt">The attempt.</param>
/// <param name="Text">The beginning of the answer.</param>
/// <param name="Tokens">Upper bound of its tokens.</param>
public sealed record ModelCallCutOff(int Step, int Attempt, BlobHash Text, int Tokens) : RunEvent;

/// <summary>Result: a run above this one cannot afford the model call that was due.</summary>
/// <param name="Step">The step.</param>
/// <param name="By">The run whose limit forbids it.</param>
/// <param name="Reason">For people.</param>
public sealed record BudgetRefused(int Step, RunId By, string Reason) : RunEvent;

/// <summary>A code agent issued a syscall.</summary>
/// <param name="Tool">The tool.</param>
/// <param name="Arguments">The arguments' JSON text.</param>
/// <param name="Problem">What is wrong with the call; none when it is valid.</param>
public sealed record AgentCalled(string Tool, BlobHash Arguments, BlobHash Problem) : RunEvent
{
    /// <summary>What it needs permissions for; null in a run without a policy.</summary>
    public ImmutableArray<AccessRequest>? Needs { get; init; }
}

/// <summary>A code agent's class returned.</summary>
/// <param name="Success">It says that the task is done.</param>
/// <param name="Summary">What it says, for people.</param>
public sealed record AgentFinished(bool Success, string Summary) : RunEvent;

/// <summary>Intent: a tool is about to run.</summary>
/// <param name="Call">The call.</param>
/// <param name="Step">The step that it belongs to.</param>
/// <param name="Tool">The tool.</param>
/// <param name="Arguments">The arguments' JSON text.</param>
/// <param name="Effect">What may be done after a crash.</param>
/// <param name="Layer">The layer that it starts from; null is the repository itself.</param>
/// <param name="State">Hash of the state before this record.</param>
public sealed record ToolCallStarted(
    CallId Call, int Step, string Tool, BlobHash Arguments, EffectClass Effect, LayerId? Layer, BlobHash State) : RunEvent
{
    /// <summary>What the policy said; null in a run without one.</summary>
    public PolicyVerdict? Policy { get; init; }
}

/// <summary>The policy forbids a tool call: it is answered without being run.</summary>
/// <param name="Call">The call.</param>
/// <param name="Step">The step that it belongs to.</param>
/// <param name="Tool">The tool.</param>
/// <param name="Policy">What the policy said.</param>
/// <param name="Result">The answer's text: which rule, and what it is about.</param>
/// <param name="Tokens">Upper bound of its tokens.</param>
/// <param name="State">Hash of the state before this record.</param>
public sealed record ToolCallDenied(
    CallId Call, int Step, string Tool, PolicyVerdict Policy, BlobHash Result, int Tokens, BlobHash State) : RunEvent;

/// <summary>Result: a tool call ended.</summary>
/// <param name="Call">The call.</param>
/// <param name="Status">How.</param>
/// <param name="Result">The answer's text.</param>
/// <param name="Tokens">Upper bound of its tokens.</param>
/// <param name="Layer">The layer that holds what it changed; null when it changed nothing.</param>
/// <param name="FilesChanged">Paths that differ from before.</param>
/// <param name="Signal">What it means for the run.</param>
/// <param name="LimitHit">The limit that stopped it; null when none did.</param>
/// <param name="Milliseconds">Wall time.</param>
public sealed record ToolCallFinished(
    CallId Call,
    ToolStatus Status,
    BlobHash Result,
    int Tokens,
    LayerId? Layer,
    int FilesChanged,
    ToolSignal Signal,
    string? LimitHit,
    long Milliseconds) : RunEvent
{
    /// <summary>The answer for a program (<see cref="ToolResult.Data"/>); null when there is none.</summary>
    public BlobHash? Data { get; init; }

    /// <summary>What the call asked of the network; null when it asked nothing.</summary>
    public ImmutableArray<NetworkAccess>? Network { get; init; }

    /// <summary>What it took of the run's budget; null for nothing.</summary>
    public CallSpending? Spent { get; init; }

    /// <summary>What it did beside answering: files, processes, limits; null when it did nothing.</summary>
    public CallEffects? Effects { get; init; }

    /// <summary>The run's shells after the call; null when it left them as they were.</summary>
    public ShellSet? Shells { get; init; }

    /// <summary>What the answer means for the context; null for nothing.</summary>
    public ContextReport? Context { get; init; }

    /// <summary>Names in the call or in what it left that stand for nothing; null when there are none, or nobody looked.</summary>
    public GroundingReport? Grounding { get; init; }
}

/// <summary>
/// Somebody was seen to change files that the agent has read. Those that differ from what it knows are stale until it is told;
/// those that do not are no longer.
/// </summary>
/// <param name="Files">The files as they were then.</param>
public sealed record FilesNoticed(ImmutableArray<FileMark> Files) : RunEvent;

/// <summary>Files that the agent has read are no longer what it read. It is told before its next step.</summary>
/// <param name="Files">The files as they are now.</param>
/// <param name="Note">What the agent is told: what changed, as a diff.</param>
public sealed record FilesChanged(ImmutableArray<FileMark> Files, TextSource Note) : RunEvent;

/// <summary>Intent: the archive is about to be asked what matters; nothing waits for its answer.</summary>
/// <param name="Query">The text of the query.</param>
/// <param name="State">Hash of the state before this record.</param>
public sealed record ArchiveAsked(BlobHash Query, BlobHash State) : RunEvent;

/// <summary>Result: what the archive found. The kernel decides what of it has room.</summary>
/// <param name="Query">The text of the query.</param>
/// <param name="Items">What it found, the most important first.</param>
/// <param name="Problem">Why it found nothing; null when all went well.</param>
public sealed record ArchiveAnswered(BlobHash Query, ImmutableArray<ArchivedText> Items, string? Problem) : RunEvent;

/// <summary>The agent or a human marks this place.</summary>
/// <param name="Reason">Why, for people.</param>
public sealed record CheckpointTaken(string Reason) : RunEvent;

/// <summary>Intent: a human is asked.</summary>
/// <param name="Decision">The question's id.</param>
/// <param name="Kind">question, authorise, merge, unknown-effect.</param>
/// <param name="Question">The question's text or JSON.</param>
/// <param name="Options">The answers to choose from; empty for free text.</param>
/// <param name="Call">The tool call that waits for it, if one does.</param>
public sealed record DecisionRequested(
    DecisionId Decision, string Kind, BlobHash Question, ImmutableArray<string> Options, CallId? Call) : RunEvent;

/// <summary>Result: a human answered. Exactly one answer wins.</summary>
/// <param name="Decision">The question.</param>
/// <param name="Answer">The answer's text.</param>
/// <param name="Tokens">Upper bound of its tokens.</param>
/// <param name="Approved">For yes/no questions: yes.</param>
/// <param name="By">Who answered.</param>
public sealed record DecisionMade(DecisionId Decision, BlobHash Answer, int Tokens, bool Approved, string By) : RunEvent;

/// <summary>Intent: the judge is about to run.</summary>
/// <param name="Round">From 1.</param>
/// <param name="Layer">What it judges.</param>
/// <param name="State">Hash of the state before this record.</param>
public sealed record JudgeStarted(int Round, LayerId? Layer, BlobHash State) : RunEvent;

/// <summary>Result: the judge's verdict.</summary>
/// <param name="Round">The round.</param>
/// <param name="Passed">The work is accepted.</param>
/// <param name="Score">0 to 1.</param>
/// <param name="Report">What it saw.</param>
/// <param name="Tokens">Upper bound of the report's tokens.</param>
public sealed record JudgeFinished(int Round, bool Passed, double Score, BlobHash Report, int Tokens) : RunEvent;

/// <summary>Intent: the run's changes are about to be merged into the repository.</summary>
/// <param name="Plan">JSON of the <see cref="MergePlan"/>: enough to finish the merge after a crash.</param>
/// <param name="State">Hash of the state before this record.</param>
public sealed record MergeStarted(BlobHash Plan, BlobHash State) : RunEvent;

/// <summary>Result: what came of the merge.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Files">Paths that were changed in the repository.</param>
/// <param name="Message">For people: conflicts by path, or the reason.</param>
public sealed record MergeFinished(MergeStatus Status, int Files, string Message) : RunEvent
{
    /// <summary>The conflicts (JSON list of <see cref="MergeConflict"/>); null when there were none.</summary>
    public BlobHash? ConflictList { get; init; }
}

/// <summary>Somebody decided what becomes of conflicts; the next merge goes by it.</summary>
/// <param name="Resolutions">The decisions (JSON list of <see cref="ConflictResolution"/>).</param>
/// <param name="Paths">The paths that they are about, with the choice, for people.</param>
/// <param name="By">Who decided.</param>
public sealed record ConflictsResolved(BlobHash Resolutions, ImmutableArray<string> Paths, string By) : RunEvent;

/// <summary>How a merge ended.</summary>
public enum MergeStatus
{
    /// <summary>The changes are in the repository.</summary>
    Merged,

    /// <summary>There was nothing to merge.</summary>
    Nothing,

    /// <summary>Conflicts: nothing was changed.</summary>
    Conflicts,

    /// <summary>The repository could not be written: nothing was changed.</summary>
    Failed,

    /// <summary>A human or the merge mode said no; the changes stay in the run's fork.</summary>
    Declined,
}
