using System.Text.Json.Serialization;

namespace Cairn.Host.Simulation;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(string))]
internal sealed partial class SimulationJson : JsonSerializerContext;
