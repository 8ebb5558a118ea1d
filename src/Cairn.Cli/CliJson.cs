using System.Text.Json.Serialization;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Cli;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(ErrorView))]
[JsonSerializable(typeof(RunSummary))]
[JsonSerializable(typeof(IReadOnlyList<RunSummary>))]
[JsonSerializable(typeof(LogEntry))]
[JsonSerializable(typeof(IReadOnlyList<LogEntry>))]
[JsonSerializable(typeof(IReadOnlyList<CheckpointView>))]
[JsonSerializable(typeof(StateView))]
[JsonSerializable(typeof(DiffView))]
[JsonSerializable(typeof(ContextView))]
[JsonSerializable(typeof(ReplayView))]
[JsonSerializable(typeof(IReadOnlyList<PendingDecision>))]
[JsonSerializable(typeof(Commands.ServeReport))]
[JsonSerializable(typeof(Host.NewKey))]
[JsonSerializable(typeof(Host.GatewayKey))]
[JsonSerializable(typeof(IReadOnlyList<Host.KeyView>))]
[JsonSerializable(typeof(ComparisonView))]
[JsonSerializable(typeof(DriftView))]
[JsonSerializable(typeof(Cairn.Host.ReceiptReport))]
[JsonSerializable(typeof(MergeView))]
[JsonSerializable(typeof(LayersView))]
[JsonSerializable(typeof(ConflictView))]
[JsonSerializable(typeof(IReadOnlyList<ConflictView>))]
[JsonSerializable(typeof(JournalRecord))]
[JsonSerializable(typeof(CollectionReport))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(Commands.DoctorReport))]
[JsonSerializable(typeof(Drills.DrillReport))]
[JsonSerializable(typeof(IReadOnlyList<RouteRecord>))]
[JsonSerializable(typeof(IReadOnlyList<Host.RouteStats>))]
[JsonSerializable(typeof(Host.RouteListView))]
[JsonSerializable(typeof(IReadOnlyList<Host.ToolView>))]
[JsonSerializable(typeof(Host.PolicyCheckReport))]
[JsonSerializable(typeof(IReadOnlyList<Host.PolicyTestReport>))]
[JsonSerializable(typeof(IReadOnlyList<Host.PolicyExplanation>))]
[JsonSerializable(typeof(Host.Simulation.CampaignReport))]
[JsonSerializable(typeof(IReadOnlyList<Host.Simulation.PlantedBug>))]
[JsonSerializable(typeof(Host.IndexView))]
[JsonSerializable(typeof(Host.GraphView))]
[JsonSerializable(typeof(Host.CodeAnswerView))]
[JsonSerializable(typeof(Host.ImpactView))]
internal sealed partial class CliJson : JsonSerializerContext;
