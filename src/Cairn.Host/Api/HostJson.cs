using System.Text.Json.Serialization;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ApiProblem))]
[JsonSerializable(typeof(SortedDictionary<string, LearnedModel>))]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(StartRun))]
[JsonSerializable(typeof(RollbackCall))]
[JsonSerializable(typeof(ForkCall))]
[JsonSerializable(typeof(StopCall))]
[JsonSerializable(typeof(AnswerCall))]
[JsonSerializable(typeof(EventMessage))]
[JsonSerializable(typeof(EndedRun))]
[JsonSerializable(typeof(RunSummary))]
[JsonSerializable(typeof(IReadOnlyList<RunSummary>))]
[JsonSerializable(typeof(IReadOnlyList<LogEntry>))]
[JsonSerializable(typeof(IReadOnlyList<CheckpointView>))]
[JsonSerializable(typeof(IReadOnlyList<PendingDecision>))]
[JsonSerializable(typeof(StateView))]
[JsonSerializable(typeof(ContextView))]
[JsonSerializable(typeof(DiffView))]
[JsonSerializable(typeof(ReplayView))]
[JsonSerializable(typeof(ComparisonView))]
[JsonSerializable(typeof(MergeRequest))]
[JsonSerializable(typeof(MergeView))]
[JsonSerializable(typeof(LayersView))]
[JsonSerializable(typeof(IReadOnlyList<ConflictView>))]
[JsonSerializable(typeof(JournalRecord))]
[JsonSerializable(typeof(CollectionRequest))]
[JsonSerializable(typeof(CollectionReport))]
[JsonSerializable(typeof(LiveReplayOptions))]
[JsonSerializable(typeof(DriftView))]
internal sealed partial class HostJson : JsonSerializerContext;
