using System.Text.Json.Serialization;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>An error as RFC 9457 describes it.</summary>
internal sealed record ProblemView(string Type, string Title, int Status, string Detail);

/// <summary>How the daemon is.</summary>
internal sealed record HealthView(
    string Status, string Version, int Pid, string StateDirectory, int LiveRuns, int QueuedRuns, int ActiveEffects, int Watchers, IReadOnlyList<LeftRun> Left)
{
    /// <summary>What came of the last collection that the daemon made by itself; null when there was none.</summary>
    public string? Collected { get; init; }
}

internal sealed record RollbackCall(CheckpointId Checkpoint);

internal sealed record ForkCall(string At = "end", string? Model = null);

internal sealed record StopCall(string Reason = "");

internal sealed record AnswerCall(string Answer);

/// <summary>A message of the event socket, and the end of an event stream.</summary>
/// <param name="Event">record, delta, output, dropped, alive or end.</param>
/// <param name="Id">The position, to go on from later; null for what is in no journal.</param>
internal sealed record SocketMessage(string Event, string? Id = null)
{
    public JournalRecord? Record { get; init; }

    public LivePiece? Piece { get; init; }

    public int? Dropped { get; init; }

    public RunSummary? Run { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ProblemView))]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(StartRun))]
[JsonSerializable(typeof(RollbackCall))]
[JsonSerializable(typeof(ForkCall))]
[JsonSerializable(typeof(StopCall))]
[JsonSerializable(typeof(AnswerCall))]
[JsonSerializable(typeof(SocketMessage))]
[JsonSerializable(typeof(RunSummary))]
[JsonSerializable(typeof(IReadOnlyList<RunSummary>))]
[JsonSerializable(typeof(IReadOnlyList<LogEntry>))]
[JsonSerializable(typeof(IReadOnlyList<CheckpointView>))]
[JsonSerializable(typeof(IReadOnlyList<PendingDecision>))]
[JsonSerializable(typeof(StateView))]
[JsonSerializable(typeof(DiffView))]
[JsonSerializable(typeof(ReplayView))]
[JsonSerializable(typeof(ComparisonView))]
[JsonSerializable(typeof(MergeFinished))]
[JsonSerializable(typeof(JournalRecord))]
[JsonSerializable(typeof(CollectionRequest))]
[JsonSerializable(typeof(CollectionReport))]
[JsonSerializable(typeof(LiveReplayOptions))]
[JsonSerializable(typeof(DriftView))]
internal sealed partial class HostJson : JsonSerializerContext;
