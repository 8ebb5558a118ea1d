using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>One change of a merge that is still to be carried out.</summary>
/// <param name="Change">The change.</param>
/// <param name="Now">What the repository has there; null when nothing.</param>
/// <param name="Number">Its place in the staging directory.</param>
/// <param name="IsInPlace">The entry stays and gets other permission bits, a directory other attributes too.</param>
internal sealed record MergeStep(PathChange Change, FileStat? Now, int Number, bool IsInPlace)
{
    public string Staged => Number.ToString(CultureInfo.InvariantCulture);

    public bool IsStaged => Change.Change != ChangeKind.Deleted && !IsInPlace;

    /// <summary>0: made or changed; 1: deleted; 2: a directory that gives way to something else once it is empty.</summary>
    public int Phase => Change.Change == ChangeKind.Deleted ? 1
        : Change.Kind != EntryKind.Directory && Now is { Kind: EntryKind.Directory } ? 2 : 0;
}
