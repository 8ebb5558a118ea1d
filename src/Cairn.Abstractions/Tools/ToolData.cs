using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Cairn.Abstractions;

/// <summary>A file as a program gets it: all of it, exactly.</summary>
/// <param name="Path">Its path after links within the workspace were followed.</param>
/// <param name="Version">What a later write is compared with.</param>
/// <param name="Text">Its text without a byte order mark; empty when it is binary.</param>
/// <param name="Base64">Its bytes when it is binary; else null.</param>
/// <param name="Encoding">utf-8, utf-8-bom, utf-16le, utf-16be, latin-1 or binary; kept when the file is written.</param>
public sealed record FileData(string Path, BlobHash Version, string Text, string? Base64, string Encoding);

/// <summary>A file that was written.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Version">Its new version.</param>
/// <param name="Before">The version that was replaced; null for a new file.</param>
public sealed record WriteData(string Path, BlobHash Version, BlobHash? Before);

/// <summary>A command that ended.</summary>
/// <param name="ExitCode">Its exit code; 128 + signal when a signal ended it.</param>
/// <param name="Output">Standard output, cut to the limit.</param>
/// <param name="Error">Standard error, cut to the limit.</param>
/// <param name="Milliseconds">Wall time.</param>
/// <param name="LimitHit">The limit that ended or cut it; null when none did.</param>
public sealed record CommandData(int ExitCode, string Output, string Error, long Milliseconds, string? LimitHit)
{
    /// <summary>It exited with 0 and hit no limit that ended it.</summary>
    [JsonIgnore]
    public bool Passed => ExitCode == 0 && LimitHit is null or "output";
}

/// <summary>What a persistent shell answered: see <see cref="ShellAnswer"/>.</summary>
/// <param name="Output">What its terminal showed, control sequences and all.</param>
/// <param name="ExitCode">Of the last command at the prompt, or of the shell when it ended; else null.</param>
/// <param name="Ended">The shell is gone.</param>
/// <param name="AsksForInput">A program reads the terminal.</param>
/// <param name="Directory">Where the shell stands.</param>
/// <param name="Running">What still runs.</param>
/// <param name="Notes">What was lost or built again.</param>
public sealed record ShellData(
    string Output, int? ExitCode, bool Ended, bool AsksForInput, string Directory, ImmutableArray<string> Running, ImmutableArray<string> Notes);

/// <summary>What a search found.</summary>
/// <param name="Matches">By path, then line.</param>
/// <param name="Complete">Nothing was left out.</param>
public sealed record SearchData(ImmutableArray<SearchMatch> Matches, bool Complete);

/// <summary>A line that matches.</summary>
/// <param name="Path">The file.</param>
/// <param name="Line">From 1.</param>
/// <param name="Text">The line; a very long one is cut.</param>
public sealed record SearchMatch(string Path, int Line, string Text);

/// <summary>Entries beneath a directory.</summary>
/// <param name="Entries">By path (ordinal), directories before what is in them.</param>
/// <param name="Complete">Nothing was left out for a limit.</param>
public sealed record FileListData(ImmutableArray<ListedEntry> Entries, bool Complete);

/// <summary>One listed entry.</summary>
/// <param name="Path">Relative to the workspace's root.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Length">Bytes of a file; 0 for the rest.</param>
public sealed record ListedEntry(string Path, EntryKind Kind, long Length);

/// <summary>What a model answered to a single question.</summary>
/// <param name="Text">The answer; JSON that fits the schema when there was one.</param>
/// <param name="Attempts">Everything that it answered, the last one included.</param>
public sealed record AskData(string Text, ImmutableArray<AskAttempt> Attempts);

/// <summary>One answer of a model.</summary>
/// <param name="Model">Who answered, as the provider names it.</param>
/// <param name="Answer">What it said.</param>
/// <param name="Problem">Why it did not fit, as the model was told; null when it did.</param>
public sealed record AskAttempt(string Model, string Answer, string? Problem);

/// <summary>The arguments of ask_model.</summary>
/// <param name="Prompt">The question.</param>
/// <param name="System">Instructions; null for none.</param>
/// <param name="Schema">JSON Schema of the answer; null for free text.</param>
/// <param name="Model">provider:name or route:POLICY; null for the run's own model.</param>
/// <param name="MaxOutputTokens">The most tokens of each answer; null for 4,096.</param>
/// <param name="Attempts">How often it may answer until the answer fits, 1 to 10; null for 3.</param>
public sealed record AskRequest(
    string Prompt,
    string? System = null,
    string? Schema = null,
    string? Model = null,
    [property: JsonPropertyName("max_output_tokens")] int? MaxOutputTokens = null,
    int? Attempts = null);
