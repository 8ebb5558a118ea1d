using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>An error document of the API, as RFC 9457 describes it.</summary>
/// <param name="Type">about:blank: the status says it all.</param>
/// <param name="Title">The kind of error.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What, where and the mend, for people.</param>
public sealed record ApiProblem(string Type, string Title, int Status, string Detail);

/// <summary>The body of a rollback.</summary>
/// <param name="Checkpoint">Where to.</param>
public sealed record RollbackCall(CheckpointId Checkpoint);

/// <summary>The body of a fork.</summary>
/// <param name="At">A step (7), a checkpoint (c3), a record (@17) or end.</param>
/// <param name="Model">Another model to go on with; null keeps the run's.</param>
public sealed record ForkCall(string At = "end", string? Model = null);

/// <summary>The body of a pause or a cancellation.</summary>
/// <param name="Reason">For people; it is written down.</param>
public sealed record StopCall(string Reason = "");

/// <summary>The body of an answer.</summary>
/// <param name="Answer">One of the options, or any text where there are none.</param>
public sealed record AnswerCall(string Answer);

/// <summary>A run that a daemon found interrupted and cannot go on with.</summary>
/// <param name="Run">The run.</param>
/// <param name="Agent">Its agent.</param>
/// <param name="Reason">Why.</param>
public sealed record LeftRun(RunId Run, string Agent, string Reason);

/// <summary>How a daemon is.</summary>
/// <param name="Status">ok.</param>
/// <param name="Version">Its version.</param>
/// <param name="Pid">Its process.</param>
/// <param name="StateDirectory">What it owns.</param>
/// <param name="LiveRuns">Runs that it drives.</param>
/// <param name="QueuedRuns">Runs that wait for their turn.</param>
/// <param name="ActiveEffects">Model calls, tool calls and judges under way.</param>
/// <param name="Watchers">Readers of events.</param>
/// <param name="Left">Interrupted runs that it cannot go on with.</param>
public sealed record HealthView(
    string Status, string Version, int Pid, string StateDirectory, int LiveRuns, int QueuedRuns, int ActiveEffects, int Watchers, IReadOnlyList<LeftRun> Left)
{
    /// <summary>What came of the last collection that the daemon made by itself; null when there was none.</summary>
    public string? Collected { get; init; }
}

/// <summary>Something that happens while a model or a tool is at work, and is in no journal.</summary>
/// <param name="Run">The run.</param>
/// <param name="Kind">delta or output.</param>
/// <param name="Text">The text.</param>
/// <param name="Tool">For a delta: the tool whose call begins.</param>
public sealed record LivePiece(RunId Run, string Kind, string Text, string? Tool = null);

/// <summary>A message of the event socket, and the end of an event stream.</summary>
/// <param name="Event">record, delta, output, dropped, alive or end.</param>
/// <param name="Id">The position, to go on from later; null for what is in no journal.</param>
public sealed record EventMessage(string Event, string? Id = null)
{
    /// <summary>For record.</summary>
    public JournalRecord? Record { get; init; }

    /// <summary>For delta and output.</summary>
    public LivePiece? Piece { get; init; }

    /// <summary>For dropped: how many pieces the reader was too slow for.</summary>
    public int? Dropped { get; init; }

    /// <summary>For end: the run as it is then.</summary>
    public RunSummary? Run { get; init; }
}
