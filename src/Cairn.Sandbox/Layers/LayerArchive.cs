using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// The layers in the body store. Neighbouring layers of a stack lie in one pack: a body that describes them and one with
/// their files' contents, compressed together, so that versions that follow each other cost little more than their
/// differences; large files lie in pieces beside it. A layer is stored when <see cref="LayerCatalog"/> says so, and not before everything it needs is durable.
/// </summary>
internal sealed class LayerArchive(LayerFiles files, IBlobStore blobs, Action flush)
{
    private const int MaxLayersPerPack = 64;

    /// <summary>Descriptions kept in memory.</summary>
    private const int MaxHeaders = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<BlobHash, PackHeader> _headers = [];
    private readonly Queue<BlobHash> _oldest = new();
    private (BlobHash Pack, byte[] Bytes)? _body;

    /// <summary>Held while layers are stored, and while layers are collected: a body that is not yet listed must not seem unused.</summary>
    public Lock Storing { get; } = new();

    public LayerCatalog Catalog => files.Catalog;

    /// <summary>Stores layers that are not stored yet, unless somebody else is storing just now; false then.</summary>
    /// <param name="layers">Layers that stand on each other, the youngest first.</param>
    /// <param name="cancellationToken">Stops between two layers; what was listed stays.</param>
    public bool TryStore(IEnumerable<LayerMeta> layers, CancellationToken cancellationToken)
    {
        if (!Storing.TryEnter())
        {
            return false;
        }

        try
        {
            Store(layers, cancellationToken);
            return true;
        }
        finally
        {
            Storing.Exit();
        }
    }

    /// <summary>The description of a pack.</summary>
    /// <exception cref="InvalidDataException">When it is missing or damaged.</exception>
    public PackHeader Header(BlobHash pack)
    {
        lock (_gate)
        {
            if (_headers.TryGetValue(pack, out var header))
            {
                return header;
            }

            header = PackFile.DecodeHeader(Body(pack, "pack"), pack);
            if (_headers.Count == MaxHeaders)
            {
                _headers.Remove(_oldest.Dequeue());
            }

            _oldest.Enqueue(pack);
            return _headers[pack] = header;
        }
    }

    /// <summary>A layer of a pack.</summary>
    public PackedLayer Layer(LayerId id)
    {
        var pack = Catalog.PackOf(id) ?? throw new WorkspaceException(FileProblem.NotFound, $"There is no layer '{id}' in '{files.Path}'.");
        return Header(pack).Layers.FirstOrDefault(l => l.Meta.Layer == id)
            ?? throw new WorkspaceException(FileProblem.Io, $"The pack {pack} lacks the layer '{id}' that it is to hold.");
    }

    /// <summary>A content of a pack; null when it holds none with that hash.</summary>
    /// <exception cref="InvalidDataException">When it is damaged.</exception>
    public byte[]? Content(BlobHash pack, BlobHash hash)
    {
        lock (_gate)
        {
            var at = 0;
            var header = Header(pack);
            foreach (var content in header.Contents)
            {
                if (content.Hash == hash)
                {
                    return Checked(Bytes(pack, header).AsSpan(at, content.Length).ToArray(), hash);
                }

                at += content.Length;
            }

            var chunks = header.Layers.SelectMany(l => l.Tree).FirstOrDefault(e => e.Content == hash && e.Chunks is not null)?.Chunks;
            return chunks is null ? null : Checked([.. chunks.Value.SelectMany(chunk => Body(chunk, "piece"))], hash);
        }
    }

    /// <summary>Writes a file's content.</summary>
    public void Write(Microsoft.Win32.SafeHandles.SafeFileHandle file, PackedEntry entry, BlobHash pack)
    {
        if (entry.Chunks is { } chunks)
        {
            FileChunks.Write(file, chunks, blobs);
        }
        else
        {
            FileContent.Write(file, Content(pack, entry.Content!.Value)
                ?? throw new InvalidDataException($"The pack {pack} lacks the content of '{entry.Path}'."));
        }
    }

    /// <summary>The bodies that a stored layer needs: collection keeps them.</summary>
    public IEnumerable<BlobHash> BodiesOf(LayerId id)
    {
        if (Catalog.PackOf(id) is not { } pack)
        {
            return [];
        }

        var header = Header(pack);
        return [pack, header.Body, .. header.Layers.SelectMany(l => l.Tree).SelectMany(e => e.Chunks ?? [])];
    }

    private void Store(IEnumerable<LayerMeta> layers, CancellationToken cancellationToken)
    {
        LayerPacker? packer = null;
        foreach (var meta in layers.Where(m => Catalog.PackOf(m.Layer) is null))
        {
            cancellationToken.ThrowIfCancellationRequested();
            packer ??= new(files, blobs);
            _ = packer.TryAdd(meta, cancellationToken);
            if (packer.IsFull || packer.Count == MaxLayersPerPack)
            {
                Finish(packer);
                packer = null;
            }
        }

        Finish(packer);
    }

    private void Finish(LayerPacker? packer)
    {
        if (packer is null || packer.Count == 0)
        {
            return;
        }

        var pack = packer.Finish();
        flush();
        lock (Catalog.Gate)
        {
            // A layer that was made anew meanwhile is another one.
            Catalog.Add(pack, packer.Unchanged());
        }
    }

    private byte[] Bytes(BlobHash pack, PackHeader header)
    {
        if (_body is not { } known || known.Pack != pack)
        {
            _body = known = (pack, PackFile.DecodeBody(Body(header.Body, "contents"), header, pack));
        }

        return known.Bytes;
    }

    private byte[] Body(BlobHash hash, string what) => blobs.TryGet(hash)
        ?? throw new InvalidDataException($"The {what} {hash} of stored layers is missing from the state directory; the layers that it held cannot be brought back.");

    private static byte[] Checked(byte[] bytes, BlobHash hash) =>
        BlobHash.Of(bytes) == hash ? bytes : throw new InvalidDataException($"The stored content {hash} is damaged: its bytes have another hash.");
}
