using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Cairn.Models;

/// <summary>The JSON shapes that this assembly reads and writes itself; the wire shapes of providers belong to their SDKs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(PriceFile))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(JsonArray))]
[JsonSerializable(typeof(string))]
internal sealed partial class ModelsJson : JsonSerializerContext;
