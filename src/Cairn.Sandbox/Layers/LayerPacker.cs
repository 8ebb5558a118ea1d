using System.Collections.Immutable;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Puts layers that no view needs as directories into one pack. A layer is at any moment whole as a directory or whole in a
/// durable pack: `layers/ID` is exchanged for a link to the pack in one step, and the directory removed after.
/// </summary>
internal sealed class LayerPacker(LayerFiles files)
{
    private readonly List<PackedLayer> _layers = [];
    private readonly Dictionary<BlobHash, byte[]> _contents = [];
    private readonly List<BlobHash> _order = [];
    private long _bytes;

    /// <summary>Adds a layer; false (and nothing is added) when it holds what a pack cannot give back, or is too large.</summary>
    public bool TryAdd(LayerMeta meta)
    {
        var entries = ImmutableArray.CreateBuilder<PackedEntry>();
        var contents = new List<(BlobHash Hash, byte[] Bytes)>();
        using (var tree = files.OpenTree(LayerFiles.LayerTree(meta.Layer)))
        {
            if (!TryRead(tree, "", entries, contents, PackFile.MaxBodyBytes - _bytes))
            {
                return false;
            }
        }

        foreach (var (hash, bytes) in contents)
        {
            if (_contents.TryAdd(hash, bytes))
            {
                _order.Add(hash);
                _bytes += bytes.Length;
            }
        }

        _layers.Add(new(meta, entries.ToImmutable()));
        return true;
    }

    /// <summary>Writes the pack and puts it in the place of its layers' directories.</summary>
    public void Finish()
    {
        if (_layers.Count == 0)
        {
            return;
        }

        var name = files.Packs.Write(
            _layers[0].Meta.Layer,
            PackFile.Encode(
                new(PackHeader.CurrentVersion, [.. _layers], [.. _order.Select(hash => new PackedContent(hash, _contents[hash].Length))]),
                _order.Select(hash => _contents[hash])));
        var dead = new List<string>();
        foreach (var layer in _layers)
        {
            dead.Add(Exchange(layer.Meta.Layer, name));
        }

        files.State.SyncDirectory("layers");
        dead.ForEach(path => TreeRemoval.Remove(files.State, path));
    }

    private string Exchange(LayerId layer, string pack)
    {
        var (path, dead) = ($"layers/{layer}", $"dead/packed-{layer}");
        TreeRemoval.Remove(files.State, dead);
        lock (files.Births.Gate)
        {
            if (files.State.Stat(path) is { Kind: EntryKind.Directory })
            {
                LinuxError.Check(LinuxCalls.MakeLink(FileNames.Encode("../" + pack), files.State.Handle, FileNames.Encode(dead)), "link", path);
                LinuxError.Check(
                    LinuxCalls.Rename(files.State.Handle, FileNames.Encode(path), files.State.Handle, FileNames.Encode(dead), LinuxCalls.RenameExchange), "pack", path);
            }
        }

        return dead;
    }

    private bool TryRead(
        DirectoryHandle tree, string path, ImmutableArray<PackedEntry>.Builder entries, List<(BlobHash Hash, byte[] Bytes)> contents, long room)
    {
        var directory = tree.Stat(path)!.Value;
        using (var handle = tree.OpenDirectory(path))
        {
            if (!IsPlain(handle))
            {
                return false;
            }
        }

        entries.Add(Entry(path, PackedKind.Directory, directory) with { Opaque = tree.IsOpaque(path, files.OpaqueAttribute) });
        foreach (var child in tree.Names(path).Order(StringComparer.Ordinal).Select(name => FileNames.Join(path, name)))
        {
            var stat = tree.Stat(child)!.Value;
            var whole = stat.IsWhiteout ? Whiteout(child, stat, entries) : stat.Kind switch
            {
                EntryKind.Directory => TryRead(tree, child, entries, contents, room),
                EntryKind.File => TryReadFile(tree, child, stat, entries, contents, room),
                EntryKind.Link => Link(child, stat, tree.ReadLink(child), entries),
                _ => false,
            };
            if (!whole)
            {
                return false;
            }
        }

        return true;
    }

    private static bool Whiteout(string path, FileStat stat, ImmutableArray<PackedEntry>.Builder entries)
    {
        entries.Add(Entry(path, PackedKind.Whiteout, stat));
        return true;
    }

    private static bool Link(string path, FileStat stat, string target, ImmutableArray<PackedEntry>.Builder entries)
    {
        entries.Add(Entry(path, PackedKind.Link, stat) with { Target = target });
        return true;
    }

    private static bool TryReadFile(
        DirectoryHandle tree, string path, FileStat stat, ImmutableArray<PackedEntry>.Builder entries, List<(BlobHash Hash, byte[] Bytes)> contents, long room)
    {
        if (stat.Length > LayerScan.MaxCapturedBytes || contents.Sum(c => (long)c.Bytes.Length) + stat.Length > room || !tree.IsReadable(path))
        {
            return false;
        }

        using var file = tree.OpenFile(path, out _);
        if (!IsPlain(file))
        {
            return false;
        }

        var bytes = FileContent.ReadAll(file, path, LayerScan.MaxCapturedBytes);
        var hash = BlobHash.Of(bytes);
        contents.Add((hash, bytes));
        entries.Add(Entry(path, PackedKind.File, stat) with { Content = hash });
        return true;
    }

    private static PackedEntry Entry(string path, PackedKind kind, FileStat stat) => new(path, kind, stat.Mode, stat.Uid, stat.Gid, stat.Modified, false, null, null);

    /// <summary>Nothing but overlayfs' own attributes: others (capabilities, access lists, a program's own) are not packed.</summary>
    private static bool IsPlain(SafeFileHandle entry)
    {
        var names = new byte[4096];
        var length = LinuxCalls.ListAttributes(entry, names, names.Length);
        return length >= 0 && System.Text.Encoding.UTF8.GetString(names, 0, (int)length).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .All(name => name.StartsWith("trusted.overlay.", StringComparison.Ordinal) || name.StartsWith("user.overlay.", StringComparison.Ordinal));
    }
}
