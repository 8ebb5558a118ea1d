using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>Writes into an open layer what paths were before changes of them, of whatever kind they are now.</summary>
internal sealed class PathRestorer(OpenLayer open, MergedView view, Func<BlobHash, byte[]> content)
{
    public void Restore(ImmutableArray<PathChange> changes)
    {
        foreach (var change in changes.OrderByDescending(c => c.Path, StringComparer.Ordinal))
        {
            MakeRoom(change);
        }

        foreach (var change in changes.Where(c => c.Change != ChangeKind.Added).OrderBy(c => c.Path, StringComparer.Ordinal))
        {
            Put(change);
        }
    }

    private static EntryKind Wanted(PathChange change) => change.BeforeKind ?? change.Kind;

    private void MakeRoom(PathChange change)
    {
        if (view.Find(change.Path) is not { } there)
        {
            return;
        }

        var isInUse = there.Stat.Kind == EntryKind.Directory && view.Children(there).Count > 0;
        if (change.Change == ChangeKind.Added)
        {
            // A directory in which somebody put something since stays: that is not taken back.
            if (!isInUse)
            {
                open.Remove(view, change.Path);
            }
        }
        else if (there.Stat.Kind != Wanted(change))
        {
            open.Remove(view, change.Path);
        }
    }

    private void Put(PathChange change)
    {
        var attributes = change.BeforeAttributes is { } stored ? content(stored) : null;
        switch (Wanted(change))
        {
            case EntryKind.Directory:
                open.MakeDirectory(view, change.Path, change.BeforeMode, attributes);
                break;
            case EntryKind.Link:
                open.MakeLink(view, change.Path, content(change.Before));
                break;
            default:
                open.Write(view, change.Path, content(change.Before), view.Find(change.Path)?.Stat);
                open.Finish(change.Path, change.BeforeMode, attributes);
                break;
        }
    }
}
