using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cairn.Abstractions;

/// <summary>
/// The one JSON form of everything that is hashed or stored: no white space, properties in declaration order, enums by
/// name, nulls left out. Equal values give equal bytes.
/// </summary>
[JsonSourceGenerationOptions(
    WriteIndented = false,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = false,
    AllowOutOfOrderMetadataProperties = true)]
[JsonSerializable(typeof(RunEvent))]
[JsonSerializable(typeof(ModelRequest))]
[JsonSerializable(typeof(ModelResponse))]
[JsonSerializable(typeof(ImmutableArray<TokenLogprob>))]
[JsonSerializable(typeof(ImmutableArray<ToolDefinition>))]
[JsonSerializable(typeof(RouteRecord))]
[JsonSerializable(typeof(MergePlan))]
[JsonSerializable(typeof(ImmutableArray<MergeConflict>))]
[JsonSerializable(typeof(ImmutableArray<ConflictResolution>))]
[JsonSerializable(typeof(LayerChanges))]
[JsonSerializable(typeof(ImmutableArray<ManifestEntry>))]
[JsonSerializable(typeof(ImmutableArray<PathChange>))]
[JsonSerializable(typeof(SpawnRequest))]
[JsonSerializable(typeof(ImmutableArray<ChildResult>))]
[JsonSerializable(typeof(FileData))]
[JsonSerializable(typeof(WriteData))]
[JsonSerializable(typeof(CommandData))]
[JsonSerializable(typeof(ShellData))]
[JsonSerializable(typeof(SearchData))]
[JsonSerializable(typeof(FileListData))]
[JsonSerializable(typeof(RecallData))]
[JsonSerializable(typeof(ImpactData))]
[JsonSerializable(typeof(GraphData))]
[JsonSerializable(typeof(PlacesData))]
[JsonSerializable(typeof(ProblemsData))]
[JsonSerializable(typeof(RenameData))]
[JsonSerializable(typeof(LanguageServer))]
[JsonSerializable(typeof(AskData))]
[JsonSerializable(typeof(AskRequest))]
public sealed partial class CairnJson : JsonSerializerContext
{
    /// <summary>The UTF-8 bytes of a value in the canonical form.</summary>
    public static byte[] Bytes<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        JsonSerializer.SerializeToUtf8Bytes(value, type);
}
