using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>A file at a version, as an answer of a tool shows or settles it.</summary>
/// <param name="Path">Relative to the workspace's root.</param>
/// <param name="Version">The hash of its bytes; none when it is gone.</param>
public sealed record FileMark(string Path, BlobHash Version)
{
    /// <summary>The first line that is shown, from 1; 0 when all of it is, or none.</summary>
    public int From { get; init; }

    /// <summary>The last line that is shown; 0 when all of it is, or none.</summary>
    public int To { get; init; }

    /// <summary>The agent itself made this version.</summary>
    public bool Written { get; init; }
}

/// <summary>A text from the archive.</summary>
/// <param name="Text">The text; its source names file, version and lines.</param>
/// <param name="Mark">The file that it was read from.</param>
public sealed record ArchivedText(TextSource Text, FileMark Mark);

/// <summary>What a tool's answer means for the context, beside its text.</summary>
public sealed record ContextReport
{
    /// <summary>The slot of <see cref="Slot"/> that holds the agent's list of things to do.</summary>
    public const string Todo = "todo";

    /// <summary>The slot of <see cref="Slot"/> that holds the agent's notes to itself.</summary>
    public const string Scratchpad = "scratchpad";

    /// <summary>The most files that an answer can be about; more are not followed.</summary>
    public const int MaxFiles = 64;

    /// <summary>The files that it shows or settles.</summary>
    public ImmutableArray<FileMark> Files { get; init; } = [];

    /// <summary>It tells of an error although the call was carried out: a command that exited with another code than 0.</summary>
    public bool IsError { get; init; }

    /// <summary>What the call was about, where that matters for errors: a path, a command. A later success of the same tool with it resolves them.</summary>
    public string? Subject { get; init; }

    /// <summary>The slot that the answer replaces; null for none.</summary>
    public string? Slot { get; init; }

    /// <summary>The address that stays in the prompt from now on; null for none.</summary>
    public string? Pin { get; init; }

    /// <summary>The address that no longer stays for its own sake; null for none.</summary>
    public string? Unpin { get; init; }

    /// <summary>The address that was brought back; null for none.</summary>
    public string? Recalled { get; init; }

    /// <summary>What stands for the answer when there is no room for all of it; null when nothing shorter can.</summary>
    public TextSource? Brief { get; init; }

    /// <summary>It says nothing.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsEmpty => Files.IsDefaultOrEmpty && !IsError && Subject is null && Slot is null && Pin is null && Unpin is null && Recalled is null && Brief is null;
}

/// <summary>What the kernel moved in the context before a model call, and by which policy.</summary>
/// <param name="Policy">The policy: name@version.</param>
/// <param name="PolicyHash">The hash of what the policy answers.</param>
/// <param name="Before">Upper bound of the prompt's tokens without the move.</param>
/// <param name="After">Upper bound of its tokens now.</param>
/// <param name="Window">The hash of what is in the prompt in which form.</param>
public sealed record ContextDecision(string Policy, BlobHash PolicyHash, long Before, long After, BlobHash Window)
{
    /// <summary>Answers of which only the summary stays.</summary>
    public int Summarised { get; init; }

    /// <summary>Answers of which only the address stays.</summary>
    public int Evicted { get; init; }

    /// <summary>Answers whose place a later one about the same file took.</summary>
    public int Fused { get; init; }

    /// <summary>Turns that were taken out.</summary>
    public int Dropped { get; init; }

    /// <summary>What the audit after the move put back.</summary>
    public int Restored { get; init; }
}
