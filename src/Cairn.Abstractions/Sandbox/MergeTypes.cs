using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>How the two sides of a merge clash at a path.</summary>
public enum ConflictKind
{
    /// <summary>Both changed the same place of its content, or one of them is no text.</summary>
    Content,

    /// <summary>Gone in the repository, changed in the run.</summary>
    DeletedInRepository,

    /// <summary>Changed in the repository, gone in the run.</summary>
    DeletedInRun,

    /// <summary>Added by both, with different contents.</summary>
    AddedByBoth,

    /// <summary>A file on one side, a directory or a link on the other. It stands for all that lies below the path as well.</summary>
    KindChanged,

    /// <summary>Both changed its permission bits or extended attributes; the contents fit together.</summary>
    Mode,

    /// <summary>A directory above it is a file or a link in the repository now, and the run did not make it one.</summary>
    Blocked,
}

/// <summary>What one side has at a path.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Permission bits (07777).</param>
/// <param name="Content">Hash of a file's bytes or a link's target; none for the rest.</param>
/// <param name="Attributes">Its extended attributes; null when it has none.</param>
public sealed record ConflictSide(EntryKind Kind, int Mode, BlobHash Content, BlobHash? Attributes = null);

/// <summary>A path that both sides changed in ways that do not fit together.</summary>
/// <param name="Path">The path.</param>
/// <param name="Reason">What clashes, for people.</param>
/// <param name="Base">Content that both started from.</param>
/// <param name="Ours">Content in the repository now.</param>
/// <param name="Theirs">Content in the run's layers.</param>
public sealed record MergeConflict(string Path, string Reason, BlobHash Base, BlobHash Ours, BlobHash Theirs)
{
    /// <summary>How the sides clash.</summary>
    public ConflictKind Kind { get; init; }

    /// <summary>What both started from; null when it was not there.</summary>
    public ConflictSide? Origin { get; init; }

    /// <summary>What the repository has; null when it is gone there.</summary>
    public ConflictSide? Repository { get; init; }

    /// <summary>What the run has; null when it is gone there.</summary>
    public ConflictSide? Run { get; init; }

    /// <summary>True when it is the same clash of the same versions: a decision about the other one holds for this one.</summary>
    public bool IsSameAs(MergeConflict other) => other is not null
        && (Path, Kind, Origin, Repository, Run) == (other.Path, other.Kind, other.Origin, other.Repository, other.Run);
}

/// <summary>What becomes of a path that clashed.</summary>
public enum ConflictChoice
{
    /// <summary>The repository's version stays.</summary>
    Repository,

    /// <summary>The run's version takes its place.</summary>
    Run,

    /// <summary>The version that both started from comes back; what neither had then goes.</summary>
    Base,

    /// <summary>The lines of both sides where they clash: the repository's, then the run's.</summary>
    Union,

    /// <summary>A content that somebody wrote.</summary>
    Given,
}

/// <summary>What somebody decided about a conflict.</summary>
/// <param name="Conflict">The conflict as it was when it was decided about.</param>
/// <param name="Choice">What becomes of it.</param>
/// <param name="Content">The content that was given; null for the other choices.</param>
public sealed record ConflictResolution(MergeConflict Conflict, ConflictChoice Choice, BlobHash? Content = null);

/// <summary>Lines of a text on which the sides clash.</summary>
/// <param name="Line">Where they begin in the marked text, from 1.</param>
/// <param name="Base">What both started from; empty when that is unknown.</param>
/// <param name="Repository">The repository's lines.</param>
/// <param name="Run">The run's lines.</param>
public sealed record ConflictHunk(int Line, string Base, string Repository, string Run);

/// <summary>A conflict of text files.</summary>
/// <param name="Marked">The merged text, with conflict markers around the lines that clash.</param>
/// <param name="Hunks">Those lines.</param>
public sealed record ConflictText(string Marked, ImmutableArray<ConflictHunk> Hunks);

/// <summary>What a merge would do.</summary>
/// <param name="Repository">Absolute path.</param>
/// <param name="Top">The stack that is merged.</param>
/// <param name="Changes">What would change in the repository: Before is its content now, After what it will be.</param>
/// <param name="Conflicts">What stands in the way; the plan can only be applied when there are none.</param>
/// <param name="LeftOut">Changed paths that are never merged, with the reason (.git, sockets, devices).</param>
public sealed record MergePlan(
    string Repository,
    LayerId? Top,
    ImmutableArray<PathChange> Changes,
    ImmutableArray<MergeConflict> Conflicts,
    ImmutableArray<string> LeftOut);
