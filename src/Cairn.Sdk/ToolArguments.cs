using System.Text.Json.Serialization;

namespace Cairn.Sdk;

// The arguments of the tools, in the names and order of their schemas. Nulls are written: every property is required.
internal sealed record ReadFileArguments(string Path, int? StartLine, int? EndLine);

internal sealed record WriteFileArguments(string Path, string Content, string? Version);

internal sealed record EditFileArguments(string Path, string Version, IReadOnlyList<TextEdit> Edits);

internal sealed record ListFilesArguments(string Path, int? Depth, bool? IncludeGenerated);

internal sealed record SearchArguments(string Pattern, string? Path, string? Glob, string? Case, int? ContextLines, int? MaxResults);

internal sealed record RecallCodeArguments(string Words, string? Graph, IReadOnlyList<string>? Keys, int? MaxResults);

internal sealed record ImpactArguments(string Symbol, int? MaxResults);

internal sealed record GraphQueryArguments(string Query, int? MaxRows);

internal sealed record RunCommandArguments(string Command, string? Directory, int? TimeoutSeconds);

internal sealed record FindReferencesArguments(string Symbol, string Path, int? Line, int? ContextLines, int? MaxResults);

internal sealed record InspectSymbolArguments(string Symbol, string Path, int? Line, string What);

internal sealed record ListSymbolsArguments(string? Path, string? Query);

internal sealed record DiagnosticsArguments(string Path);

internal sealed record RenameSymbolArguments(string Symbol, string Path, int? Line, string NewName);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ReadFileArguments))]
[JsonSerializable(typeof(WriteFileArguments))]
[JsonSerializable(typeof(EditFileArguments))]
[JsonSerializable(typeof(ListFilesArguments))]
[JsonSerializable(typeof(SearchArguments))]
[JsonSerializable(typeof(RecallCodeArguments))]
[JsonSerializable(typeof(ImpactArguments))]
[JsonSerializable(typeof(GraphQueryArguments))]
[JsonSerializable(typeof(RunCommandArguments))]
[JsonSerializable(typeof(FindReferencesArguments))]
[JsonSerializable(typeof(InspectSymbolArguments))]
[JsonSerializable(typeof(ListSymbolsArguments))]
[JsonSerializable(typeof(DiagnosticsArguments))]
[JsonSerializable(typeof(RenameSymbolArguments))]
[JsonSerializable(typeof(Cairn.Abstractions.SpawnRequest))]
[JsonSerializable(typeof(Cairn.Abstractions.AskRequest))]
internal sealed partial class SdkJson : JsonSerializerContext;
