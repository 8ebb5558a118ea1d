using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>What a run waits for.</summary>
public enum RunPhase
{
    /// <summary>Nothing yet: no event was applied.</summary>
    New,

    /// <summary>The next model call is due or under way.</summary>
    Model,

    /// <summary>A code agent computes; the next syscall is its own.</summary>
    Agent,

    /// <summary>Tool calls are due or under way.</summary>
    Tools,

    /// <summary>The judge is due or under way.</summary>
    Judge,

    /// <summary>A human decides on the merge.</summary>
    MergeQuestion,

    /// <summary>The merge is due or under way.</summary>
    Merge,

    /// <summary>Only the closing record is missing.</summary>
    Closing,

    /// <summary>Over.</summary>
    Ended,
}

/// <summary>Whether someone stopped the run.</summary>
public enum StopState
{
    /// <summary>Nobody did.</summary>
    None,

    /// <summary>It waits for `cairn resume`.</summary>
    Paused,

    /// <summary>A human ended it.</summary>
    Cancelled,

    /// <summary>A limit ended it.</summary>
    OverLimit,
}

/// <summary>
/// The state of a run: the fold of its events. Immutable; what does not change between two states is shared by them.
/// </summary>
public sealed record RunState
{
    /// <summary>The state before the first event.</summary>
    public static RunState New { get; } = new();

    /// <summary>What the run was started with.</summary>
    [JsonIgnore]
    public RunStarted Spec { get; init; } = null!;

    /// <summary>Hash of <see cref="Spec"/>.</summary>
    public BlobHash SpecHash { get; init; }

    /// <summary>The rules of <see cref="Spec"/>; null for none.</summary>
    [JsonIgnore]
    public Cedar.PolicySet? Policy { get; init; }

    /// <summary>Events applied, those of a fork's past included.</summary>
    public long Count { get; init; }

    /// <summary>What the run waits for.</summary>
    public RunPhase Phase { get; init; }

    /// <summary>Whether someone stopped it.</summary>
    public StopState Stop { get; init; }

    /// <summary>The model that the next call asks; null for a code agent.</summary>
    public ModelBinding? Model { get; init; }

    /// <summary>The last step that began; 0 before the first.</summary>
    public int Step { get; init; }

    /// <summary>Failed attempts of the model call that is due.</summary>
    public int FailedAttempts { get; init; }

    /// <summary>The wait that the provider asked for before the next attempt.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The model call, judge or merge that is due was begun.</summary>
    public bool Started { get; init; }

    /// <summary>The turn whose tool calls are not all done; null between turns.</summary>
    public Turn? Turn { get; init; }

    /// <summary>Settled turns and notes, oldest first.</summary>
    [JsonIgnore]
    public HashedList<HistoryEntry> History { get; init; } = HashedList<HistoryEntry>.Empty;

    /// <summary>Hash of <see cref="History"/>.</summary>
    public BlobHash HistoryDigest => History.Digest;

    /// <summary>What is in its prompts; null for a code agent, which has none.</summary>
    public ContextState? Context { get; init; }

    /// <summary>The top layer; null when nothing changed yet.</summary>
    public LayerId? Layer { get; init; }

    /// <summary>The run's shells; null when none is open.</summary>
    public ShellSet? Shells { get; init; }

    /// <summary>Places to return to.</summary>
    [JsonIgnore]
    public HashedList<Checkpoint> Checkpoints { get; init; } = HashedList<Checkpoint>.Empty;

    /// <summary>Hash of <see cref="Checkpoints"/>.</summary>
    public BlobHash CheckpointsDigest => Checkpoints.Digest;

    /// <summary>What was spent and what is set aside.</summary>
    public Spending Spending { get; init; } = new();

    /// <summary>Decisions asked so far.</summary>
    public int Decisions { get; init; }

    /// <summary>The question that waits for a human; null when none does.</summary>
    public OpenDecision? Decision { get; init; }

    /// <summary>Failed or invalid tool calls in a row.</summary>
    public int ErrorsInARow { get; init; }

    /// <summary>Answers without a tool call in a row.</summary>
    public int SilentTurns { get; init; }

    /// <summary>Times that the judge was asked.</summary>
    public int JudgeRound { get; init; }

    /// <summary>The judge's last verdict; null before the first.</summary>
    public bool? JudgePassed { get; init; }

    /// <summary>How the run ends or ended; null while it is open.</summary>
    public RunOutcome? Outcome { get; init; }

    /// <summary>Why, for people.</summary>
    public string Reason { get; init; } = "";

    /// <summary>How the last merge ended; null before the first.</summary>
    public MergeStatus? Merged { get; init; }

    /// <summary>The layer that was last merged.</summary>
    public LayerId? MergedLayer { get; init; }

    /// <summary>The run that this one was forked from; null when it is none.</summary>
    public RunId? ForkedFrom { get; init; }
}

/// <summary>What a run spent, and what is set aside for the call under way.</summary>
public sealed record Spending
{
    /// <summary>Tokens of all answered model calls.</summary>
    public ModelUsage Usage { get; init; }

    /// <summary>US dollars of all answered model calls with a known price.</summary>
    public decimal Usd { get; init; }

    /// <summary>Tokens set aside.</summary>
    public long ReservedTokens { get; init; }

    /// <summary>US dollars set aside.</summary>
    public decimal ReservedUsd { get; init; }

    /// <summary>Model calls or syscalls.</summary>
    public int Steps { get; init; }
}

/// <summary>A question to a human that has no answer yet.</summary>
/// <param name="Id">The question.</param>
/// <param name="Kind">question, merge or unknown-effect.</param>
/// <param name="Call">The tool call that waits for it.</param>
/// <param name="Asked">The request stands in the journal.</param>
public sealed record OpenDecision(DecisionId Id, string Kind, CallId? Call, bool Asked);

/// <summary>A place in a run to which one can return: a journal position and all that was true there.</summary>
/// <param name="Id">c0, c1, …</param>
/// <param name="Position">Events applied.</param>
/// <param name="Step">The step.</param>
/// <param name="Layer">The files.</param>
/// <param name="Reason">Why it was made.</param>
/// <param name="State">Everything else: shared with the states around it, so a checkpoint costs what changed.</param>
public sealed record Checkpoint(
    CheckpointId Id, long Position, int Step, LayerId? Layer, string Reason, [property: JsonIgnore] RunState State);
