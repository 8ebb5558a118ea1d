using System.Text.Json.Serialization;
using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>An error document of the API.</summary>
internal sealed record ApiProblem(string Title, int Status, string Detail);

internal sealed record RollbackBody(CheckpointId Checkpoint);

internal sealed record ForkBody(string At, string? Model);

internal sealed record StopBody(string Reason);

internal sealed record AnswerBody(string Answer);

/// <summary>What came while something was under way.</summary>
internal sealed record EventPiece(RunId Run, string Kind, string Text, string? Tool);

/// <summary>One event of a stream.</summary>
internal sealed record EventMessage(string Event, string? Id)
{
    public JournalRecord? Record { get; init; }

    public EventPiece? Piece { get; init; }

    public RunSummary? Run { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    AllowOutOfOrderMetadataProperties = true)]
[JsonSerializable(typeof(ApiProblem))]
[JsonSerializable(typeof(StartRun))]
[JsonSerializable(typeof(RollbackBody))]
[JsonSerializable(typeof(ForkBody))]
[JsonSerializable(typeof(StopBody))]
[JsonSerializable(typeof(AnswerBody))]
[JsonSerializable(typeof(EventMessage))]
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
[JsonSerializable(typeof(CollectionRequest))]
[JsonSerializable(typeof(CollectionReport))]
[JsonSerializable(typeof(LiveReplayOptions))]
[JsonSerializable(typeof(DriftView))]
internal sealed partial class ClientJson : JsonSerializerContext;
