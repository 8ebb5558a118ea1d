using System.Collections.Immutable;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>One directory tree of a stack.</summary>
/// <param name="Tree">The tree.</param>
/// <param name="Mount">Its name relative to the state directory, as the overlay mount wants it.</param>
internal sealed record Level(DirectoryHandle Tree, string Mount);

/// <summary>An entry of the merged view.</summary>
/// <param name="Path">Its path, free of links.</param>
/// <param name="Stat">What the topmost level says of it.</param>
/// <param name="Levels">The levels that make it up, from the top: one, or several for a merged directory.</param>
internal sealed record Found(string Path, FileStat Stat, ImmutableArray<int> Levels);

/// <summary>
/// Reads a stack of trees the way overlayfs merges them (redirect_dir, metacopy and index off): the topmost entry
/// wins, directories merge until an opaque one, a whiteout hides what is below. Not a mount: any process can read it.
/// </summary>
internal sealed class MergedView
{
    private readonly string _opaque;
    private readonly ImmutableArray<int> _all;

    /// <param name="levels">From the top to the repository.</param>
    /// <param name="opaqueAttribute">The extended attribute that marks an opaque directory.</param>
    public MergedView(ImmutableArray<Level> levels, string opaqueAttribute)
    {
        Levels = levels;
        _all = [.. Enumerable.Range(0, levels.Length)];
        _opaque = opaqueAttribute;
    }

    public ImmutableArray<Level> Levels { get; }

    /// <summary>The same stack without its topmost level.</summary>
    public MergedView Below() => new(Levels.RemoveAt(0), _opaque);

    /// <summary>The root directory: all levels make it up, for overlayfs knows no root that hides those below.</summary>
    public Found Root() =>
        new("", Levels[0].Tree.Stat("") ?? throw new WorkspaceException(FileProblem.Io, $"The directory '{Levels[0].Tree.Name}' is gone."), _all);

    /// <summary>Finds one name in a directory of this view.</summary>
    public Found? Look(Found directory, string name) => Combine(FileNames.Join(directory.Path, name), directory.Levels);

    /// <summary>Finds a path whose parts are no links; null when there is none.</summary>
    public Found? Find(string path)
    {
        var at = Root();
        if (path.Length == 0)
        {
            return at;
        }

        foreach (var part in path.Split('/'))
        {
            if (at.Stat.Kind != EntryKind.Directory || Look(at, part) is not { } next)
            {
                return null;
            }

            at = next;
        }

        return at;
    }

    /// <summary>The entries of a directory, sorted by name (ordinal).</summary>
    public List<Found> Children(Found directory)
    {
        var owners = new Dictionary<string, ImmutableArray<int>.Builder>(StringComparer.Ordinal);
        foreach (var level in directory.Levels)
        {
            foreach (var name in Levels[level].Tree.Names(directory.Path))
            {
                if (!owners.TryGetValue(name, out var list))
                {
                    owners[name] = list = ImmutableArray.CreateBuilder<int>(1);
                }

                list.Add(level);
            }
        }

        var found = new List<Found>(owners.Count);
        foreach (var name in owners.Keys.Order(StringComparer.Ordinal))
        {
            if (Combine(FileNames.Join(directory.Path, name), owners[name].ToImmutable()) is { } entry)
            {
                found.Add(entry);
            }
        }

        return found;
    }

    public SafeFileHandle OpenFile(Found entry, out FileStat stat) => Levels[entry.Levels[0]].Tree.OpenFile(entry.Path, out stat);

    public string ReadLink(Found entry) => Levels[entry.Levels[0]].Tree.ReadLink(entry.Path);

    public WorkspaceEntry Describe(Found entry) => new(
        entry.Path, entry.Stat.Kind, entry.Stat.Length, entry.Stat.Mode, entry.Stat.Kind == EntryKind.Link ? ReadLink(entry) : null);

    /// <summary>The entry with its content's hash.</summary>
    public PathState State(Found entry)
    {
        switch (entry.Stat.Kind)
        {
            case EntryKind.File when Levels[entry.Levels[0]].Tree.IsReadable(entry.Path):
                using (var file = OpenFile(entry, out var stat))
                {
                    return PathState.Of(stat, FileContent.Hash(file)) with { Attributes = UserAttributes.Hash(file) };
                }

            // An ordinary user cannot read a file without permission bits, not even an own one: its content has no hash.
            case EntryKind.File:
                return PathState.Of(entry.Stat, default);

            case EntryKind.Link:
                return PathState.Of(entry.Stat, FileContent.HashOfLink(ReadLink(entry)));
            case EntryKind.Directory:
                return PathState.Of(entry.Stat, default) with { Attributes = Attributes(entry) is { } stored ? BlobHash.Of(stored) : null };
            default:
                return PathState.Of(entry.Stat, default);
        }
    }

    /// <summary>The extended attributes of a file or directory in stored form; null when it has none, or cannot be read.</summary>
    public byte[]? Attributes(Found entry)
    {
        var tree = Levels[entry.Levels[0]].Tree;
        if (entry.Stat.Kind is not (EntryKind.File or EntryKind.Directory) || !tree.IsReadable(entry.Path))
        {
            return null;
        }

        using var handle = tree.TryOpen(entry.Path, LinuxCalls.ReadOnly | LinuxCalls.NoFollow | LinuxCalls.NonBlock);
        return handle is null ? null : UserAttributes.Read(handle);
    }

    /// <summary>Every entry below a directory, parents before children, the repository's own .git left out.</summary>
    public IEnumerable<Found> Walk(Found directory)
    {
        var pending = new Stack<Found>();
        pending.Push(directory);
        while (pending.TryPop(out var at))
        {
            if (at.Path != directory.Path)
            {
                yield return at;
            }

            if (at.Stat.Kind == EntryKind.Directory)
            {
                var children = Children(at);
                for (var i = children.Count - 1; i >= 0; i--)
                {
                    if (!FileNames.IsGit(children[i].Path))
                    {
                        pending.Push(children[i]);
                    }
                }
            }
        }
    }

    private Found? Combine(string path, ImmutableArray<int> candidates)
    {
        FileStat top = default;
        var levels = ImmutableArray.CreateBuilder<int>(1);
        foreach (var level in candidates)
        {
            if (Levels[level].Tree.Stat(path) is not { } stat)
            {
                continue;
            }

            if (stat.IsWhiteout || (levels.Count > 0 && stat.Kind != EntryKind.Directory))
            {
                break;
            }

            if (levels.Count == 0)
            {
                top = stat;
            }

            levels.Add(level);
            if (stat.Kind != EntryKind.Directory || (level < Levels.Length - 1 && Levels[level].Tree.IsOpaque(path, _opaque)))
            {
                break;
            }
        }

        return levels.Count == 0 ? null : new(path, top, levels.ToImmutable());
    }
}
