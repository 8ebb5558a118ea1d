using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>What a user decides about a conflict of a merge.</summary>
/// <param name="Path">The path.</param>
/// <param name="Choice">What becomes of it.</param>
/// <param name="Content">The content, for <see cref="ConflictChoice.Given"/>.</param>
public sealed record ConflictAnswer(string Path, ConflictChoice Choice, byte[]? Content = null);

/// <summary>A merge that a user asks for.</summary>
public sealed record MergeRequest
{
    /// <summary>The most bytes of a content that is given.</summary>
    public const int MaxContentBytes = 8 << 20;

    /// <summary>Decisions about conflicts; they are kept also when others are still open.</summary>
    public ImmutableArray<ConflictAnswer> Resolve { get; init; } = [];

    /// <summary>Who decides, for the record.</summary>
    public string By { get; init; } = "";
}

/// <summary>What came of a merge.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Files">Paths that were changed in the repository.</param>
/// <param name="Message">For people.</param>
/// <param name="Conflicts">What is still open.</param>
public sealed record MergeView(MergeStatus Status, int Files, string Message, ImmutableArray<MergeConflict> Conflicts);

/// <summary>A conflict of the last merge that was tried, for people and programs.</summary>
/// <param name="Conflict">The conflict.</param>
/// <param name="Decided">What was decided about it; null when nothing was.</param>
/// <param name="By">Who decided; null when nobody did.</param>
/// <param name="Text">The text with its conflict markers; null for what is no text, and in lists.</param>
public sealed record ConflictView(MergeConflict Conflict, ConflictChoice? Decided, string? By, ConflictText? Text);
