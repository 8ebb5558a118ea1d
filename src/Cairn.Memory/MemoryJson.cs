using System.Text.Json.Serialization;
using Cairn.Memory.KeyValue;

namespace Cairn.Memory;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(KeyValueRecord))]
[JsonSerializable(typeof(Indexing.CachedFacts))]
internal sealed partial class MemoryJson : JsonSerializerContext;
