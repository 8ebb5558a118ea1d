using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>A run in one line.</summary>
/// <param name="Id">The run.</param>
/// <param name="Title">The task's first line.</param>
/// <param name="Status">running, waiting, paused, interrupted, or the outcome of an ended run: succeeded, gave up, rejected, over budget, cancelled, failed.</param>
/// <param name="Ended">It is over.</param>
/// <param name="Reason">Why it ended or paused, for people.</param>
/// <param name="Agent">Who works.</param>
/// <param name="Model">provider:name; null for a code agent.</param>
/// <param name="Recorded">The model's answers were recorded before: no live model was asked.</param>
/// <param name="Repository">Absolute path of the repository.</param>
/// <param name="Step">The last step that began.</param>
/// <param name="Usage">Tokens as the providers counted them.</param>
/// <param name="Usd">US dollars by the price table; calls without a known price are not in it.</param>
/// <param name="Judge">The judge's last verdict; null when it never ran.</param>
/// <param name="Merge">How the last merge ended; null when there was none.</param>
/// <param name="Layer">The top layer; null when the run changed nothing.</param>
/// <param name="ForkedFrom">The run that it was forked from.</param>
/// <param name="Started">Its first record.</param>
/// <param name="Updated">Its last record.</param>
public sealed record RunSummary(
    RunId Id,
    string Title,
    string Status,
    bool Ended,
    string Reason,
    string Agent,
    string? Model,
    bool Recorded,
    string Repository,
    int Step,
    ModelUsage Usage,
    decimal Usd,
    bool? Judge,
    MergeStatus? Merge,
    LayerId? Layer,
    RunId? ForkedFrom,
    DateTimeOffset Started,
    DateTimeOffset Updated)
{
    /// <summary>How many records the run itself has, those of a fork's past left out: where to follow it from.</summary>
    public long Records { get; init; }
}

/// <summary>A question that waits for a human.</summary>
/// <param name="Run">The run that waits.</param>
/// <param name="Decision">The question.</param>
/// <param name="Kind">question, merge or unknown-effect.</param>
/// <param name="Question">The text.</param>
/// <param name="Options">The answers to choose from; empty for free text.</param>
/// <param name="Open">It can be answered now; else the run must be resumed first.</param>
public sealed record PendingDecision(
    RunId Run, DecisionId Decision, string Kind, string Question, ImmutableArray<string> Options, bool Open);

/// <summary>A journal record for people and programs.</summary>
/// <param name="Position">Its place in the run's whole history, from 0.</param>
/// <param name="Run">The run that wrote it: another one for a fork's past.</param>
/// <param name="Seq">Its place in that run.</param>
/// <param name="At">When.</param>
/// <param name="Step">The step that it belongs to.</param>
/// <param name="Text">What happened, in one line.</param>
/// <param name="Event">The event itself.</param>
/// <param name="Chain">The chain value.</param>
public sealed record LogEntry(
    long Position, RunId Run, long Seq, DateTimeOffset At, int Step, string Text, RunEvent Event, BlobHash Chain);

/// <summary>A checkpoint for people and programs.</summary>
/// <param name="Id">c0, c1, …</param>
/// <param name="Position">Events before it.</param>
/// <param name="Step">The step.</param>
/// <param name="Layer">The files.</param>
/// <param name="Reason">Why it was made.</param>
public sealed record CheckpointView(CheckpointId Id, long Position, int Step, LayerId? Layer, string Reason);

/// <summary>A run at one of its places.</summary>
/// <param name="Run">The run.</param>
/// <param name="Position">Events before the place.</param>
/// <param name="Phase">What it waited for.</param>
/// <param name="StateHash">Hash of the state.</param>
/// <param name="State">The state.</param>
/// <param name="Prompt">The exact prompt that is due there; null when no model call is.</param>
/// <param name="PromptHash">Its hash.</param>
/// <param name="PromptTokens">Upper bound of its tokens.</param>
public sealed record StateView(
    RunId Run, long Position, string Phase, BlobHash StateHash, JsonElement State, ModelRequest? Prompt, BlobHash? PromptHash, int PromptTokens)
{
    /// <summary>What came in of the model's answer or a tool's output before a stop cut it off; null when the place is behind no such stop.</summary>
    public string? CutOff { get; init; }

    /// <summary>The result of the last tool call before the place that did more than answer; null when there is none.</summary>
    public ToolCallFinished? LastCall { get; init; }
}

/// <summary>A changed file with its text difference.</summary>
/// <param name="Change">The path and how it differs.</param>
/// <param name="Patch">Unified diff; null for what is no text.</param>
/// <param name="Ignored">The repository's .gitignore names it: build output, never merged.</param>
public sealed record FileDiff(PathChange Change, string? Patch, bool Ignored = false);

/// <summary>What a run changed.</summary>
/// <param name="Run">The run.</param>
/// <param name="Files">The changed paths.</param>
public sealed record DiffView(RunId Run, ImmutableArray<FileDiff> Files);

/// <summary>What a replay proved.</summary>
/// <param name="Run">The run.</param>
/// <param name="Passed">Every state, decision and prompt is byte for byte as recorded.</param>
/// <param name="Records">Records folded.</param>
/// <param name="Prompts">Prompts rendered again and compared.</param>
/// <param name="Decisions">Decisions made again and compared.</param>
/// <param name="Ended">The run is over; an open run is proven up to its last record.</param>
/// <param name="State">Hash of the last state.</param>
/// <param name="Difference">The first difference; null when there is none.</param>
public sealed record ReplayView(
    RunId Run, bool Passed, int Records, int Prompts, int Decisions, bool Ended, BlobHash State, string? Difference);
