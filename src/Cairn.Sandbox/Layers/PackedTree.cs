using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Gives packed layers back as one tree: they are folded while they are still lists, by the rules that <see cref="Squash"/>
/// folds directories by, so that only what is left is written.
/// </summary>
internal sealed class PackedTree(LayerFiles files)
{
    private readonly SortedDictionary<string, (PackedEntry Entry, BlobHash Pack)> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _children = new(StringComparer.Ordinal);

    /// <summary>Lays a layer over those that were added before.</summary>
    public void Add(PackedLayer layer, BlobHash pack)
    {
        foreach (var entry in layer.Tree)
        {
            var below = _entries.TryGetValue(entry.Path, out var known) ? known.Entry : null;
            var merges = entry.Kind == PackedKind.Directory && !entry.Opaque && below?.Kind == PackedKind.Directory;
            if (below is not null && !merges)
            {
                RemoveBelow(entry.Path);
            }

            // A directory over something else that it hides must go on hiding it.
            var opaque = entry.Kind == PackedKind.Directory && (entry.Opaque || (merges ? below!.Opaque : below is not null));
            _entries[entry.Path] = (entry with { Opaque = opaque }, pack);
            if (entry.Path.Length > 0)
            {
                var parent = FileNames.Parent(entry.Path);
                if (!_children.TryGetValue(parent, out var siblings))
                {
                    _children[parent] = siblings = new(StringComparer.Ordinal);
                }

                siblings.Add(entry.Path);
            }
        }
    }

    /// <summary>Writes the tree; not durable yet.</summary>
    public void Write(string target)
    {
        LinuxError.Check(LinuxCalls.MakeDirectory(files.State.Handle, FileNames.Encode(target), 0x1C0), "make", target);
        using var tree = files.OpenTree(target);
        foreach (var (entry, _) in _entries.Values.Where(e => e.Entry.Kind != PackedKind.File).OrderBy(e => FileNames.Depth(e.Entry.Path)))
        {
            WriteOne(tree, entry, default);
        }

        // Pack by pack: of the contents only one pack's are in memory.
        foreach (var pack in _entries.Values.Where(e => e.Entry.Kind == PackedKind.File).GroupBy(e => e.Pack))
        {
            foreach (var (entry, _) in pack)
            {
                WriteOne(tree, entry, pack.Key);
            }
        }

        // Last: a directory may forbid its owner to write into it.
        foreach (var (entry, _) in _entries.Values.Where(e => e.Entry.Kind == PackedKind.Directory).OrderByDescending(e => FileNames.Depth(e.Entry.Path)))
        {
            using var directory = tree.OpenDirectory(entry.Path);
            SetOwner(directory, FileNames.Encode("."), entry);
            LinuxError.Check(LinuxCalls.ChangeMode(directory, (uint)entry.Mode), "set the mode of", entry.Path);
        }
    }

    private void WriteOne(DirectoryHandle tree, PackedEntry entry, BlobHash pack)
    {
        using var parent = tree.OpenDirectory(FileNames.Parent(entry.Path));
        var name = FileNames.Encode(FileNames.Last(entry.Path));
        switch (entry.Kind)
        {
            case PackedKind.Directory:
                MakeDirectory(tree, parent, name, entry);
                return;
            case PackedKind.Whiteout:
                const uint CharacterDevice = 0x2000;
                LinuxError.Check(LinuxCalls.MakeNode(parent, name, CharacterDevice, 0), "mark as deleted", entry.Path);
                return;
            case PackedKind.Pipe or PackedKind.Socket:
                var type = (uint)(entry.Kind == PackedKind.Pipe ? FileStat.TypePipe : FileStat.TypeSocket);
                LinuxError.Check(LinuxCalls.MakeNode(parent, name, type | 0x180, 0), "make", entry.Path);
                SetOwner(parent, name, entry);
                LinuxError.Check(LinuxCalls.ChangeMode(parent, name, (uint)entry.Mode, 0), "set the mode of", entry.Path);
                return;
            case PackedKind.Link:
                LinuxError.Check(LinuxCalls.MakeLink(FileNames.Encode(entry.Target!), parent, name), "make the link", entry.Path);
                break;
            default:
                var fd = LinuxCalls.OpenAt(parent, name, LinuxCalls.WriteOnly | LinuxCalls.Create | LinuxCalls.Exclusive | LinuxCalls.CloseOnExec, 0x180);
                using (var file = fd < 0 ? throw LinuxError.Last("write", entry.Path) : new SafeFileHandle(fd, true))
                {
                    files.Archive.Write(file, entry, pack);
                    UserAttributes.Set(file, entry.Attributes, entry.Path);
                    SetOwner(parent, name, entry);
                    LinuxError.Check(LinuxCalls.ChangeMode(file, (uint)entry.Mode), "set the mode of", entry.Path);
                }

                break;
        }

        if (entry.Kind == PackedKind.Link)
        {
            SetOwner(parent, name, entry);
        }

        var (seconds, rest) = Math.DivRem(entry.Modified, 1_000_000_000L);
        long[] times = [seconds, rest, seconds, rest];
        LinuxError.Check(LinuxCalls.SetTimes(parent, name, times, LinuxCalls.NoFollowFlag), "set the time of", entry.Path);
    }

    private void MakeDirectory(DirectoryHandle tree, SafeFileHandle parent, byte[] name, PackedEntry entry)
    {
        if (entry.Path.Length > 0)
        {
            LinuxError.Check(LinuxCalls.MakeDirectory(parent, name, 0x1C0), "make", entry.Path);
        }

        using var made = tree.OpenDirectory(entry.Path);
        UserAttributes.Set(made, entry.Attributes, entry.Path);
        if (entry.Opaque)
        {
            LinuxError.Check(LinuxCalls.SetAttribute(made, FileNames.Encode(files.OpaqueAttribute), "y"u8.ToArray(), 1, 0), "mark", entry.Path);
        }
    }

    private void SetOwner(SafeFileHandle parent, byte[] name, PackedEntry entry)
    {
        if (files.IsRoot)
        {
            LinuxError.Check(LinuxCalls.ChangeOwner(parent, name, entry.Uid, entry.Gid, LinuxCalls.NoFollowFlag), "set the owner of", entry.Path);
        }
    }

    private void RemoveBelow(string path)
    {
        if (!_children.Remove(path, out var children))
        {
            return;
        }

        foreach (var child in children)
        {
            RemoveBelow(child);
            _entries.Remove(child);
        }
    }
}
