using System.Collections.Immutable;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Works out what the open layer changes against the view below it, and puts the contents that a merge will need and
/// that no layer holds (those of the repository, which people may change) into the blob store. A file that was copied up and is the same as before is no change.
/// </summary>
internal sealed class LayerScan(MergedView view, LayerFiles files, IBlobStore blobs)
{
    /// <summary>Larger contents stay in the layer's own file; see <see cref="LayerStore.Content"/>.</summary>
    public const long MaxCapturedBytes = 8 << 20;

    private const int MaxSyncedOneByOne = 128;
    private const int MaxPathShown = 80;
    private readonly DirectoryHandle _upper = view.Levels[0].Tree;
    private readonly MergedView _below = view.Below();
    private readonly List<LayerEdit> _edits = [];
    private readonly Dictionary<string, BlobHash> _packed = new(StringComparer.Ordinal);
    private readonly List<(string Path, FileStat Stat)> _entries = [];

    /// <summary>The changes, sorted by path.</summary>
    public ImmutableArray<LayerEdit> Run()
    {
        Scan("", _below.Root(), false);
        return [.. _edits.OrderBy(e => e.Path, StringComparer.Ordinal)];
    }

    /// <summary>Makes all of the layer's files and directories durable. Call after <see cref="Run"/>.</summary>
    /// <param name="syncs">Does it.</param>
    /// <param name="also">Makes something else durable in the same go.</param>
    public void Sync(ParallelSync syncs, Action also)
    {
        if (_entries.Count > MaxSyncedOneByOne || !_entries.All(e => e.Stat.IsForAll || _upper.IsReadable(e.Path)))
        {
            LinuxError.Check(LinuxCalls.SyncFilesystem(_upper.Handle), "sync the layers' file system at", _upper.Name);
            also();
            return;
        }

        var open = new List<(SafeFileHandle Handle, string Path)>(_entries.Count);
        try
        {
            foreach (var (path, stat) in _entries)
            {
                if (_upper.TryOpen(path, LinuxCalls.ReadOnly | LinuxCalls.NoFollow | LinuxCalls.NonBlock) is { } entry)
                {
                    open.Add((entry, path));
                    if (stat.Kind == EntryKind.File)
                    {
                        FileContent.BeginToWrite(entry);
                    }
                }
            }

            syncs.Run([.. open.Select(e => (Action)(() => LinuxError.Check(LinuxCalls.Sync(e.Handle), "sync", e.Path))), () => _upper.SyncDirectory(""), also]);
        }
        finally
        {
            open.ForEach(e => e.Handle.Dispose());
        }
    }

    private void Scan(string directory, Found? below, bool opaque)
    {
        var names = _upper.Names(directory);
        names.Sort(StringComparer.Ordinal);
        foreach (var name in names)
        {
            var path = FileNames.Join(directory, name);
            var own = _upper.Stat(path) ?? throw TooDeep(path);
            var before = below is null ? null : _below.Look(below, name);
            if (!own.IsWhiteout && own.Kind is EntryKind.File or EntryKind.Directory)
            {
                _entries.Add((path, own));
            }

            if (path == ".git")
            {
                // One line says that it is there. It is never merged, so what lies in it is of no interest.
                _edits.Add(new(path, before is null ? null : PathState.Of(before.Stat, default), own.IsWhiteout ? null : PathState.Of(own, default)));
            }
            else
            {
                ScanEntry(path, own, before);
            }
        }

        if (opaque && below is not null)
        {
            var kept = names.ToHashSet(StringComparer.Ordinal);
            foreach (var hidden in _below.Children(below).Where(c => !kept.Contains(FileNames.Last(c.Path))))
            {
                Delete(hidden);
            }
        }
    }

    /// <summary>Nothing else changes the layer meanwhile: what was listed and cannot be found has a path that is too long.</summary>
    private static WorkspaceException TooDeep(string path) =>
        new(FileProblem.TooLarge, $"'{path[..Math.Min(path.Length, MaxPathShown)]}…' lies too deep: a path may have 4096 bytes at most.");

    private void ScanEntry(string path, FileStat own, Found? before)
    {
        if (own.IsWhiteout)
        {
            if (before is not null)
            {
                Delete(before);
            }

            return;
        }

        var here = new Found(path, own, [0]);
        if (own.Kind == EntryKind.Directory)
        {
            var merged = before is { Stat.Kind: EntryKind.Directory } ? before : null;
            Add(path, before is null ? null : Capture(_below, before), Capture(view, here));
            Scan(path, merged, merged is not null && _upper.IsOpaque(path, files.OpaqueAttribute));
            return;
        }

        if (before is { Stat.Kind: EntryKind.Directory })
        {
            DeleteChildren(before);
        }

        Add(path, before is null ? null : Capture(_below, before), Capture(view, here));
    }

    private void Delete(Found entry)
    {
        Add(entry.Path, Capture(_below, entry), null);
        if (entry.Stat.Kind == EntryKind.Directory)
        {
            DeleteChildren(entry);
        }
    }

    private void DeleteChildren(Found directory)
    {
        foreach (var child in _below.Walk(directory))
        {
            Add(child.Path, Capture(_below, child), null);
        }
    }

    private void Add(string path, PathState? before, PathState? after)
    {
        if (before != after)
        {
            _edits.Add(new(path, before, after) { Base = before is not null && _packed.Remove(path, out var packed) ? packed : null });
        }
    }

    private PathState Capture(MergedView from, Found entry)
    {
        // What a frozen layer holds, this one too, is there as long as the layer.
        var isOwn = ReferenceEquals(from, view);
        var known = !isOwn && entry.Levels[0] < _below.Levels.Length - 1;
        if (known && entry.Stat.Kind != EntryKind.Directory && files.StateIn(_below.Levels[entry.Levels[0]].Mount, entry.Path) is { } told)
        {
            // It was hashed when it was frozen, and nobody writes it since.
            return told;
        }

        if (isOwn && entry.Stat.Kind == EntryKind.File && (entry.Stat.IsForAll || _upper.IsReadable(entry.Path)))
        {
            return OwnFile(entry);
        }

        if (!known && from.Attributes(entry) is { } stored)
        {
            _ = blobs.Put(stored);
        }

        if (known || entry.Stat.Kind is EntryKind.Directory or EntryKind.Other || entry.Stat.Length > MaxCapturedBytes)
        {
            return from.State(entry);
        }

        if (entry.Stat.Kind == EntryKind.Link)
        {
            return PathState.Of(entry.Stat, blobs.Put(FileNames.Encode(from.ReadLink(entry)).AsSpan()[..^1]));
        }

        if (from.Levels[entry.Levels[0]].Tree.IsReadable(entry.Path))
        {
            return ReadBase(from, entry);
        }

        if (!isOwn)
        {
            return from.State(entry);
        }

        // The owner may lend itself the right to read. A crash in between costs nothing: the open layer is dropped then.
        _upper.SetMode(entry.Path, entry.Stat.Mode | 0x100);
        try
        {
            // Later nobody can read it where it lies.
            using var file = from.OpenFile(entry, out var stat);
            if (UserAttributes.Read(file) is { } attributes)
            {
                _ = blobs.Put(attributes);
            }

            return PathState.Of(stat, blobs.Put(FileContent.ReadAll(file, entry.Path, MaxCapturedBytes))) with { Mode = entry.Stat.Mode, Attributes = UserAttributes.Hash(file) };
        }
        finally
        {
            _upper.SetMode(entry.Path, entry.Stat.Mode);
        }
    }

    /// <summary>Opened once for all that is asked of it: there may be thousands.</summary>
    private PathState OwnFile(Found entry)
    {
        using var file = view.OpenFile(entry, out var stat);
        var state = PathState.Of(stat, FileContent.Hash(file));
        return UserAttributes.Read(file) is { } attributes ? state with { Attributes = blobs.Put(attributes) } : state;
    }

    private PathState ReadBase(MergedView from, Found entry)
    {
        using var file = from.OpenFile(entry, out var stat);
        var bytes = FileContent.ReadAll(file, entry.Path, MaxCapturedBytes);
        if (PackFile.TryCompress(bytes) is not { } packed)
        {
            return PathState.Of(stat, blobs.Put(bytes)) with { Attributes = UserAttributes.Hash(file) };
        }

        _packed[entry.Path] = blobs.Put(packed);
        return PathState.Of(stat, BlobHash.Of(bytes)) with { Attributes = UserAttributes.Hash(file) };
    }
}
