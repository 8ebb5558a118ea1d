using System.Collections.Immutable;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>Reads layers' directories into one pack.</summary>
internal sealed class LayerPacker(LayerFiles files, IBlobStore blobs)
{
    /// <summary>Larger files lie in pieces beside the pack.</summary>
    private const int MaxPackedBytes = 1 << 20;

    private readonly List<(PackedLayer Layer, FileStat? Mark)> _layers = [];
    private readonly Dictionary<BlobHash, byte[]> _contents = [];
    private readonly List<BlobHash> _order = [];
    private long _bytes;

    public int Count => _layers.Count;

    /// <summary>What follows would only lie beside it.</summary>
    public bool IsFull => _bytes >= PackFile.MaxBodyBytes;

    /// <summary>Adds a layer; false (and nothing is added) when it holds what a pack cannot give back.</summary>
    public bool TryAdd(LayerMeta meta, CancellationToken cancellationToken)
    {
        try
        {
            // Looked at first: whoever makes the layer anew replaces this file.
            var mark = Mark(meta.Layer);
            var entries = ImmutableArray.CreateBuilder<PackedEntry>();
            using (var tree = files.OpenTree(LayerFiles.LayerTree(meta.Layer)))
            {
                if (mark is null || !TryRead(tree, "", entries, cancellationToken))
                {
                    return false;
                }
            }

            _layers.Add((new(meta, entries.ToImmutable()), mark));
            return true;
        }
        catch (WorkspaceException)
        {
            return false; // It is not there as a directory any more.
        }
    }

    /// <summary>Puts the pack into the body store; its hash.</summary>
    public BlobHash Finish()
    {
        var contents = _order.Select(hash => new PackedContent(hash, _contents[hash].Length));
        var body = blobs.Put(PackFile.EncodeBody(_order.Select(hash => _contents[hash])));
        return blobs.Put(PackFile.EncodeHeader(new(PackHeader.CurrentVersion, body, [.. _layers.Select(l => l.Layer)], [.. contents])));
    }

    /// <summary>The layers that still are what was read.</summary>
    public IReadOnlyCollection<LayerId> Unchanged() => [.. _layers.Where(l => Mark(l.Layer.Meta.Layer) == l.Mark).Select(l => l.Layer.Meta.Layer)];

    private FileStat? Mark(LayerId id) => files.State.Stat($"layers/{id}/meta.json");

    private bool TryRead(DirectoryHandle tree, string path, ImmutableArray<PackedEntry>.Builder entries, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var directory = tree.Stat(path)!.Value;
        using (var handle = tree.OpenDirectory(path))
        {
            if (!IsPlain(handle))
            {
                return false;
            }

            entries.Add(Entry(path, PackedKind.Directory, directory) with
            {
                Opaque = tree.IsOpaque(path, files.OpaqueAttribute), Attributes = UserAttributes.Read(handle),
            });
        }

        foreach (var child in tree.Names(path).Order(StringComparer.Ordinal).Select(name => FileNames.Join(path, name)))
        {
            var stat = tree.Stat(child)!.Value;
            var whole = stat.Kind switch
            {
                EntryKind.Directory => TryRead(tree, child, entries, cancellationToken),
                EntryKind.File => TryReadFile(tree, child, stat, entries, cancellationToken),
                EntryKind.Link => Add(entries, Entry(child, PackedKind.Link, stat) with { Target = tree.ReadLink(child) }),
                _ => Special(stat) is { } kind && Add(entries, Entry(child, kind, stat)),
            };
            if (!whole)
            {
                return false;
            }
        }

        return true;
    }

    private static bool Add(ImmutableArray<PackedEntry>.Builder entries, PackedEntry entry)
    {
        entries.Add(entry);
        return true;
    }

    private static PackedKind? Special(FileStat stat) =>
        stat.IsWhiteout ? PackedKind.Whiteout : stat.Type == FileStat.TypePipe ? PackedKind.Pipe : stat.Type == FileStat.TypeSocket ? PackedKind.Socket : null;

    private bool TryReadFile(
        DirectoryHandle tree, string path, FileStat stat, ImmutableArray<PackedEntry>.Builder entries, CancellationToken cancellationToken)
    {
        if (!tree.IsReadable(path))
        {
            return false;
        }

        using var file = tree.OpenFile(path, out _);
        if (!IsPlain(file))
        {
            return false;
        }

        var entry = Entry(path, PackedKind.File, stat) with { Attributes = UserAttributes.Read(file) };
        if (stat.Length > MaxPackedBytes || _bytes + stat.Length > PackFile.MaxBodyBytes)
        {
            entries.Add(entry with { Content = FileContent.Hash(file), Chunks = [.. FileChunks.Put(file, blobs, cancellationToken)] });
            return true;
        }

        var bytes = FileContent.ReadAll(file, path, MaxPackedBytes);
        var hash = BlobHash.Of(bytes);
        if (_contents.TryAdd(hash, bytes))
        {
            _order.Add(hash);
            _bytes += bytes.Length;
        }

        entries.Add(entry with { Content = hash });
        return true;
    }

    private static PackedEntry Entry(string path, PackedKind kind, FileStat stat) => new(path, kind, stat.Mode, stat.Uid, stat.Gid, stat.Modified, false, null, null);

    /// <summary>
    /// Nothing but attributes that are given back, overlayfs' own, and capabilities, which are never carried. Access lists
    /// and others are not packed.
    /// </summary>
    private static bool IsPlain(SafeFileHandle entry)
    {
        var names = new byte[64 * 1024];
        var length = LinuxCalls.ListAttributes(entry, names, names.Length);
        return length >= 0 && System.Text.Encoding.UTF8.GetString(names, 0, (int)length).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .All(name => name is "security.capability" || name.StartsWith("trusted.overlay.", StringComparison.Ordinal) || name.StartsWith("user.", StringComparison.Ordinal));
    }
}
