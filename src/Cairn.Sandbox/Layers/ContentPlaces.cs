using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Where contents lie that are no bodies of their own: in a layer, in a stored layer, compressed in a body, or in the repository
/// while it is unchanged. Thread safe.
/// </summary>
internal sealed class ContentPlaces(LayerFiles files, IBlobStore blobs)
{
    /// <summary>The most places that are remembered; the others are found again by reading descriptions.</summary>
    private const int MaxRemembered = 200_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<BlobHash, Place> _places = [];

    /// <summary>Remembers where a layer's contents are: they will be asked for next.</summary>
    public void Learn(LayerMeta meta)
    {
        lock (_gate)
        {
            foreach (var edit in meta.Edits)
            {
                if (_places.Count >= MaxRemembered)
                {
                    _places.Clear();
                }

                if (edit.After is { Kind: EntryKind.File } after)
                {
                    _places[after.Content] = new(meta.Layer, edit.Path, null);
                }

                if (edit is { Before.Kind: EntryKind.File, Base: { } packed })
                {
                    _places.TryAdd(edit.Before.Content, new(meta.Layer, edit.Path, packed));
                }
            }
        }
    }

    /// <exception cref="InvalidDataException">When it is nowhere, or damaged.</exception>
    public byte[] Find(BlobHash hash)
    {
        if (Remembered(hash) is { } place && Read(place, hash) is { } known)
        {
            return known;
        }

        foreach (var meta in files.All().Select(files.Meta))
        {
            foreach (var edit in meta.Edits.Where(e => e.After?.Content == hash || e.Before?.Content == hash))
            {
                Learn(meta);
                if (Among(meta, edit, hash) is { } found)
                {
                    return found;
                }
            }
        }

        throw new InvalidDataException($"The content {hash} is neither in the blob store nor in a layer.");
    }

    private Place? Remembered(BlobHash hash)
    {
        lock (_gate)
        {
            return _places.GetValueOrDefault(hash);
        }
    }

    private byte[]? Among(LayerMeta meta, LayerEdit edit, BlobHash hash)
    {
        if (edit.After is { Kind: EntryKind.File } after && after.Content == hash)
        {
            return Read(new(meta.Layer, edit.Path, null), hash);
        }

        return edit.Before is not { Kind: EntryKind.File } before || before.Content != hash ? null
            : edit.Base is { } packed ? Read(new(meta.Layer, edit.Path, packed), hash)
            : FromRepository(meta.Repository, edit.Path, hash);
    }

    private byte[]? Read(Place place, BlobHash hash)
    {
        if (place.Packed is { } packed)
        {
            return blobs.TryGet(packed) is { } body ? Checked(PackFile.Decompress(body, LayerScan.MaxCapturedBytes), hash) : null;
        }

        try
        {
            using var tree = files.OpenTree(LayerFiles.LayerTree(place.Layer));
            using var file = tree.OpenFile(place.Path, out _);
            return Checked(FileContent.ReadAll(file, place.Path, int.MaxValue), hash);
        }
        catch (WorkspaceException) when (files.Catalog.PackOf(place.Layer) is { } pack)
        {
            return files.Archive.Content(pack, hash);
        }
        catch (WorkspaceException)
        {
            return null; // A collection took the layer: another may have the same content.
        }
    }

    private static byte[] Checked(byte[] bytes, BlobHash hash) =>
        BlobHash.Of(bytes) == hash ? bytes : throw new InvalidDataException($"The stored content {hash} is damaged: its bytes have another hash.");

    private static byte[]? FromRepository(string repository, string path, BlobHash hash)
    {
        try
        {
            using var tree = DirectoryHandle.Open(repository);
            using var file = tree.OpenFile(path, out _);
            var bytes = FileContent.ReadAll(file, path, int.MaxValue);
            return BlobHash.Of(bytes) == hash ? bytes : null;
        }
        catch (WorkspaceException)
        {
            return null;
        }
    }

    /// <param name="Layer">The layer.</param>
    /// <param name="Path">The path in it.</param>
    /// <param name="Packed">The body that holds it compressed; null when the layer's own tree holds it.</param>
    private sealed record Place(LayerId Layer, string Path, BlobHash? Packed);
}
