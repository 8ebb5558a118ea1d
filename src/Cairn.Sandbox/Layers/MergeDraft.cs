using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>A merge plan in the making, with the two sides that it looks at.</summary>
internal sealed class MergeDraft(MergedView stack, IBlobStore blobs)
{
    /// <summary>What would change in the repository, by path.</summary>
    public SortedDictionary<string, PathChange> Changes { get; } = new(StringComparer.Ordinal);

    public List<MergeConflict> Conflicts { get; } = [];

    public List<string> LeftOut { get; } = [];

    /// <summary>The run's view.</summary>
    public MergedView Stack => stack;

    /// <summary>The repository as it is.</summary>
    public MergedView Repository { get; } = new([stack.Levels[^1]], "");

    public void Change(string path, PathState? before, PathState? after)
    {
        if (before == after)
        {
            Changes.Remove(path);
        }
        else
        {
            Changes[path] = new LayerEdit(path, before, after).ToChange();
        }
    }

    /// <summary>A rollback behind the merge gives back what stood in the repository, and a conflict shows it: no layer holds it.</summary>
    public void KeepOurs(string path, PathState ours)
    {
        if (Repository.Find(path) is not { } found || found.Stat.Kind != ours.Kind)
        {
            return;
        }

        if (Repository.Attributes(found) is { } attributes)
        {
            _ = blobs.Put(attributes);
        }

        if (ours.Kind == EntryKind.Link)
        {
            _ = blobs.Put(FileNames.Encode(Repository.ReadLink(found)).AsSpan()[..^1]);
        }
        else if (ours.Kind == EntryKind.File && found.Stat.Length <= LayerScan.MaxCapturedBytes && Repository.Levels[0].Tree.IsReadable(path))
        {
            using var file = Repository.OpenFile(found, out _);
            _ = blobs.Put(FileContent.ReadAll(file, path, LayerScan.MaxCapturedBytes));
        }
    }
}
