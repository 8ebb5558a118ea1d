using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>The kinds of entry that a workspace tracks.</summary>
public enum EntryKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link; it is never followed out of the workspace.</summary>
    Link,

    /// <summary>A socket, device or pipe: listed, never read, never merged.</summary>
    Other,
}

/// <summary>One entry of a workspace.</summary>
/// <param name="Path">Relative to the root, with '/' between the parts; "" is the root.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Length">Bytes of a file; 0 for the rest.</param>
/// <param name="Mode">The permission bits (07777).</param>
/// <param name="LinkTarget">For a link: its target as stored.</param>
public sealed record WorkspaceEntry(string Path, EntryKind Kind, long Length, int Mode, string? LinkTarget = null);

/// <summary>A file as it was read.</summary>
/// <param name="Path">Its path after links within the workspace were followed.</param>
/// <param name="Version">The hash of its bytes: what a later write is compared with.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Mode">Its permission bits.</param>
public sealed record WorkspaceFile(string Path, BlobHash Version, ReadOnlyMemory<byte> Content, int Mode);

/// <summary>Why a file operation did nothing.</summary>
public enum FileProblem
{
    /// <summary>There is no such entry.</summary>
    NotFound,

    /// <summary>The path leads out of the workspace, by '..', an absolute path or a link.</summary>
    Outside,

    /// <summary>The entry is not of the kind that was asked for.</summary>
    WrongKind,

    /// <summary>The file is larger than the limit.</summary>
    TooLarge,

    /// <summary>The file changed since the version that the caller named.</summary>
    Changed,

    /// <summary>The path must not be written (the repository's own .git, for one).</summary>
    ReadOnly,

    /// <summary>No space, no permission, an I/O error.</summary>
    Io,
}

/// <summary>A file operation that did nothing, with a text that names the path and the mend.</summary>
public sealed class WorkspaceException(FileProblem problem, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Why.</summary>
    public FileProblem Problem { get; } = problem;
}

/// <summary>
/// A run's view of a repository: the repository below, frozen layers on top, one open layer above them. Reads see
/// the merged view; writes and commands change the open layer only. Paths are relative to the root, and neither
/// '..' nor a link leads out of it.
/// </summary>
public interface IWorkspace : IAsyncDisposable
{
    /// <summary>The repository's absolute path: also where a sandboxed command sees the workspace.</summary>
    string Root { get; }

    /// <summary>The top frozen layer; null when the run has changed nothing yet.</summary>
    LayerId? Top { get; }

    /// <summary>Describes an entry without following a final link; null when there is none.</summary>
    WorkspaceEntry? Stat(string path);

    /// <summary>
    /// A number that is another one whenever a file's bytes may have changed, without reading them; null when there is no file,
    /// or this cannot be told.
    /// </summary>
    long? Stamp(string path) => null;

    /// <summary>Where a change of that file would show first; empty where nothing can be watched.</summary>
    ImmutableArray<WatchedPlace> Places(string path) => [];

    /// <summary>Reads a whole file, following links that stay inside.</summary>
    /// <exception cref="WorkspaceException">When it cannot be read.</exception>
    WorkspaceFile Read(string path, long maxBytes);

    /// <summary>The entries of a directory, sorted by name (ordinal).</summary>
    /// <exception cref="WorkspaceException">When it is no directory.</exception>
    IReadOnlyList<WorkspaceEntry> List(string path);

    /// <summary>
    /// Replaces or creates a file atomically in the open layer. Missing directories are made. Mode and links are kept.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="content">The new bytes.</param>
    /// <param name="expected">The version that must be there; null when the file must not exist yet.</param>
    /// <exception cref="WorkspaceException"><see cref="FileProblem.Changed"/> when another version is there.</exception>
    BlobHash Write(string path, ReadOnlySpan<byte> content, BlobHash? expected);

    /// <summary>Runs a process in the sandbox over this view. Only one changing command may run at a time.</summary>
    Task<SandboxResult> RunAsync(SandboxCommand command, CancellationToken cancellationToken);

    /// <summary>
    /// Starts a process in the sandbox that the caller talks to, over a read-only view as it is now. It ends when it is
    /// disposed, and with the workspace.
    /// </summary>
    /// <exception cref="WorkspaceException">When no sandbox can be made, or this workspace has none.</exception>
    Task<ISandboxProcess> StartAsync(SandboxCommand command, CancellationToken cancellationToken) =>
        throw new WorkspaceException(FileProblem.Io, "This workspace runs no processes.");

    /// <summary>Freezes the open layer under the given id and opens a new one above it.</summary>
    /// <returns>What changed; null (and no layer is made) when nothing did.</returns>
    /// <remarks>Durable when it returns: files and directory entries are on disk.</remarks>
    LayerChanges? Freeze(LayerId id);

    /// <summary>
    /// Freezes a copy of the open layer while a command changes it. What a program is just writing may be caught in the middle,
    /// as with a crash of the machine; the command goes on undisturbed.
    /// </summary>
    LayerChanges? FreezeLive(LayerId id) => Freeze(id);

    /// <summary>
    /// What the frozen layers above a layer changed, taken together; null when this view does not stand on it, or that cannot be
    /// told. A removed directory stands for all that was in it.
    /// </summary>
    /// <param name="layer">The layer; null for the repository itself.</param>
    ImmutableArray<PathChange>? ChangesSince(LayerId? layer) => null;

    /// <summary>Drops whatever is in the open layer.</summary>
    void Discard();

    /// <summary>The run's persistent shells; null where there can be none.</summary>
    IShells? Shells => null;

    /// <summary>Every entry of the merged view except the repository's .git, sorted by path, with content hashes: for proof and diff.</summary>
    ImmutableArray<ManifestEntry> Manifest();
}

/// <summary>One line of a manifest.</summary>
/// <param name="Path">Relative path.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Content">Hash of a file's bytes or of a link's target; none for directories.</param>
public sealed record ManifestEntry(string Path, EntryKind Kind, int Mode, BlobHash Content)
{
    /// <summary>Hash of its extended attributes (user.*, in order of their names); null when it has none.</summary>
    public BlobHash? Attributes { get; init; }
}

/// <summary>How a path differs between two states.</summary>
public enum ChangeKind
{
    /// <summary>It was not there.</summary>
    Added,

    /// <summary>Bytes, mode, kind or target differ.</summary>
    Modified,

    /// <summary>It is gone.</summary>
    Deleted,
}

/// <summary>One changed path. A changed directory is listed only when it was made, removed or its mode changed.</summary>
/// <param name="Path">Relative path.</param>
/// <param name="Change">How it differs.</param>
/// <param name="Kind">What it is now, or was when it is gone.</param>
/// <param name="Before">Hash of the content before; none when it was not there or has no content.</param>
/// <param name="After">Hash of the content after; none when it is gone or has no content.</param>
/// <param name="BeforeMode">Permission bits before; 0 when it was not there.</param>
/// <param name="AfterMode">Permission bits after; 0 when it is gone.</param>
public sealed record PathChange(
    string Path, ChangeKind Change, EntryKind Kind, BlobHash Before, BlobHash After, int BeforeMode, int AfterMode)
{
    /// <summary>What it was before; null when that is <see cref="Kind"/> as well, or it was not there.</summary>
    public EntryKind? BeforeKind { get; init; }

    /// <summary>Hash of its extended attributes before; null when it had none.</summary>
    public BlobHash? BeforeAttributes { get; init; }

    /// <summary>Hash of its extended attributes after; null when it has none.</summary>
    public BlobHash? AfterAttributes { get; init; }
}

/// <summary>What one frozen layer changed against the view below it.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Parent">The layer below; null when it lies on the repository itself.</param>
/// <param name="Changes">The changed paths, sorted.</param>
public sealed record LayerChanges(LayerId Layer, LayerId? Parent, ImmutableArray<PathChange> Changes);
