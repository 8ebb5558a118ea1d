using System.Text.Json.Serialization;

namespace Cairn.Host;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<GatewayKey>))]
[JsonSerializable(typeof(CallRecord))]
[JsonSerializable(typeof(CallSums))]
[JsonSerializable(typeof(GuestEnd))]
internal sealed partial class GatewayJson : JsonSerializerContext;
