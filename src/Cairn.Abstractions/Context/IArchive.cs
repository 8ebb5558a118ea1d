namespace Cairn.Abstractions;

/// <summary>What is asked of an archive.</summary>
/// <param name="Run">The run.</param>
/// <param name="Repository">Absolute path of its repository.</param>
/// <param name="Layer">The layer on which the run stands; null for the repository itself.</param>
/// <param name="Text">What the run is about now: its task, or its list of things to do.</param>
/// <param name="MaxItems">The most items of the answer.</param>
public sealed record ArchiveQuery(RunId Run, string Repository, LayerId? Layer, string Text, int MaxItems);

/// <summary>Something that an archive knows and that may matter.</summary>
/// <param name="Path">The file that it was read from, relative to the workspace's root.</param>
/// <param name="Version">The hash of that file's bytes.</param>
/// <param name="From">The first line, from 1; 0 for the whole file.</param>
/// <param name="To">The last line; 0 for the whole file.</param>
/// <param name="Text">Its text. It is content of the repository: nobody vouches for it.</param>
public sealed record ArchiveItem(string Path, BlobHash Version, int From, int To, string Text);

/// <summary>
/// What is known beyond a run's own past, such as the model of its code. It may be slow, or never answer: no prompt waits for it.
/// </summary>
public interface IArchive
{
    /// <summary>What matters for a query, the most important first.</summary>
    Task<IReadOnlyList<ArchiveItem>> FindAsync(ArchiveQuery query, CancellationToken cancellationToken);
}
