using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// What the kernel knows of a run's context, next to its history: a fold of the journal. What an event costs does not depend on
/// how long the history is. The members that are no part of its JSON follow from the history and the turn, whose hashes are.
/// </summary>
public sealed record ContextState
{
    /// <summary>Nothing happened yet.</summary>
    public static readonly ContextState Empty = new();

    /// <summary>
    /// The rules by which room is made in new runs. By the first ones a move left up to four fifths of the room filled when nothing
    /// but turns could go, and so the next one came soon; by these it always goes down to the low-water mark.
    /// </summary>
    public const int Rules = 2;

    /// <summary>What of the history is in the prompt.</summary>
    [JsonIgnore]
    public ContextWindow Window { get; init; } = ContextWindow.All;

    /// <summary>Hash of <see cref="Window"/>.</summary>
    public BlobHash WindowDigest => Window.Digest;

    /// <summary>Upper bound of the tokens of what is in the prompt of the history, what is carried on included.</summary>
    public long Tokens { get; init; }

    /// <summary>Thousandths by which the provider counted more than the bound said; 1000 until it did.</summary>
    public int Calibration { get; init; } = 1000;

    /// <summary>The most tokens of a prompt, learned from refusals; null while none was refused as too long.</summary>
    public long? Ceiling { get; init; }

    /// <summary>Upper bound, without calibration, of the prompt that was asked last.</summary>
    public long Asked { get; init; }

    /// <summary>Refusals as too long in a row.</summary>
    public int Refusals { get; init; }

    /// <summary>Moves so far.</summary>
    public int Moves { get; init; }

    /// <summary>The files that the agent has seen, at the versions that it knows.</summary>
    [JsonIgnore]
    public ImmutableSortedDictionary<string, SeenFile> Files { get; init; } = ImmutableSortedDictionary.Create<string, SeenFile>(StringComparer.Ordinal);

    /// <summary>Files that somebody was seen to change since, and that the agent was not told of yet; null for none.</summary>
    public ImmutableSortedSet<string>? Stale { get; init; }

    /// <summary>What was asked of the archive; null for nothing.</summary>
    public ArchiveState? Archive { get; init; }

    /// <summary>Errors that nothing has resolved yet, oldest first.</summary>
    [JsonIgnore]
    public ImmutableArray<OpenError> Errors { get; init; } = [];

    /// <summary>The addresses that the agent wants to keep, and those of what people decided.</summary>
    [JsonIgnore]
    public ImmutableSortedSet<string> Pins { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>The texts that must not be lost, by slot: todo, scratchpad. The source is the address.</summary>
    [JsonIgnore]
    public ImmutableSortedDictionary<string, TextSource> Slots { get; init; } = ImmutableSortedDictionary.Create<string, TextSource>(StringComparer.Ordinal);

    /// <summary>The last move; null before the first.</summary>
    [JsonIgnore]
    public ContextDecision? Last { get; init; }
}

/// <summary>A file that the agent has seen.</summary>
/// <param name="Version">The version that it knows; none when the file is gone.</param>
/// <param name="Step">The step in which it was last used.</param>
/// <param name="Uses">How often it was used.</param>
/// <param name="Pages">The calls whose answers show this version, oldest first.</param>
public sealed record SeenFile(BlobHash Version, int Step, int Uses, ImmutableArray<SeenPage> Pages);

/// <summary>An answer that shows a file, or a part of it.</summary>
/// <param name="Call">The call.</param>
/// <param name="From">The first line; 0 for the whole file.</param>
/// <param name="To">The last line; 0 for the whole file.</param>
public sealed record SeenPage(CallId Call, int From, int To)
{
    /// <summary>Whether this shows all that another one does.</summary>
    public bool Covers(SeenPage other) => From == 0 || (other.From >= From && other.To <= To && other.From > 0);
}

/// <summary>An error that nothing has resolved yet.</summary>
/// <param name="Key">What a later call must be about to resolve it.</param>
/// <param name="Call">The call.</param>
/// <param name="Tool">Its tool.</param>
/// <param name="Body">Its text.</param>
/// <param name="Tokens">Upper bound of its tokens.</param>
/// <param name="Step">The step.</param>
public sealed record OpenError(string Key, CallId Call, string Tool, BlobHash Body, int Tokens, int Step);
