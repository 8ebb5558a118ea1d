using System.Text.Json.Serialization;

namespace Cairn.Kernel;

/// <summary>The kernel's JSON: what state hashes are computed over.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(RunState))]
[JsonSerializable(typeof(HistoryEntry))]
[JsonSerializable(typeof(Checkpoint))]
[JsonSerializable(typeof(RoutePolicy))]
internal sealed partial class KernelJson : JsonSerializerContext;
