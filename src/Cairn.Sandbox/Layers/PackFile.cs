using System.Buffers;
using System.Collections.Immutable;
using System.IO.Compression;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>What a packed tree holds under one path.</summary>
internal enum PackedKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A directory; "" is the tree's root.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    Link,

    /// <summary>A whiteout: the path is gone.</summary>
    Whiteout,

    /// <summary>A named pipe.</summary>
    Pipe,

    /// <summary>A socket's name.</summary>
    Socket,
}

/// <summary>One entry of a layer's tree as overlayfs sees it, parents before children.</summary>
internal sealed record PackedEntry(string Path, PackedKind Kind, int Mode, uint Uid, uint Gid, long Modified, bool Opaque, BlobHash? Content, string? Target)
{
    /// <summary>The stored form of its <see cref="UserAttributes"/>.</summary>
    public byte[]? Attributes { get; init; }

    /// <summary>The bodies that hold a file's content one behind the other; null when it lies in the pack.</summary>
    public ImmutableArray<BlobHash>? Chunks { get; init; }
}

/// <summary>A layer without its directory: description and tree.</summary>
internal sealed record PackedLayer(LayerMeta Meta, ImmutableArray<PackedEntry> Tree);

/// <summary>Where a content lies in the pack's unpacked contents.</summary>
internal sealed record PackedContent(BlobHash Hash, int Length);

/// <summary>All of a pack but the contents, which are the body <paramref name="Body"/>.</summary>
internal sealed record PackHeader(int Version, BlobHash Body, ImmutableArray<PackedLayer> Layers, ImmutableArray<PackedContent> Contents)
{
    public const int CurrentVersion = 1;
}

/// <summary>
/// The two bodies of a pack, both Brotli streams: a description, `CAIRNLYR` and the header's JSON; and the contents, one
/// behind the other. The body store's hashes guard them.
/// </summary>
internal static class PackFile
{
    /// <summary>The most bytes of contents in one pack.</summary>
    public const int MaxBodyBytes = 16 << 20;

    private const int MaxHeaderBytes = 1 << 30;
    private const int Quality = 5;
    private const int Window = 22;
    private static readonly byte[] Magic = "CAIRNLYR"u8.ToArray();

    public static byte[] EncodeHeader(PackHeader header) => [.. Magic, .. Compress([JsonSerializer.SerializeToUtf8Bytes(header, SandboxJson.Default.PackHeader)])];

    public static byte[] EncodeBody(IEnumerable<byte[]> contents) => Compress(contents);

    /// <exception cref="InvalidDataException">When the body is no pack, or one of a newer version.</exception>
    public static PackHeader DecodeHeader(byte[] body, BlobHash pack)
    {
        if (!body.AsSpan().StartsWith(Magic))
        {
            throw new InvalidDataException($"The body {pack} describes no stored layers.");
        }

        var header = JsonSerializer.Deserialize(Decompress(body[Magic.Length..], MaxHeaderBytes), SandboxJson.Default.PackHeader)!;
        return header.Version <= PackHeader.CurrentVersion ? header
            : throw new InvalidDataException($"The stored layers {pack} have version {header.Version}; this Cairn reads up to {PackHeader.CurrentVersion}.");
    }

    /// <summary>The unpacked contents, one behind the other; each must still be checked against its hash.</summary>
    public static byte[] DecodeBody(byte[] packed, PackHeader header, BlobHash pack)
    {
        var body = new byte[header.Contents.Sum(c => c.Length)];
        return BrotliDecoder.TryDecompress(packed, body, out var written) && written == body.Length ? body
            : throw new InvalidDataException($"The contents of the stored layers {pack} are not what their description says.");
    }

    /// <summary>One body alone; null when that does not make it smaller.</summary>
    public static byte[]? TryCompress(byte[] body)
    {
        const int Fast = 4;
        var packed = new byte[body.Length];
        return BrotliEncoder.TryCompress(body, packed, out var written, Fast, Window) && written < body.Length - (body.Length / 8) ? packed[..written] : null;
    }

    /// <summary>Undoes <see cref="TryCompress"/>.</summary>
    public static byte[] Decompress(byte[] packed, long maxBytes)
    {
        using var stream = new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var body = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int n;
        while ((n = stream.Read(buffer)) > 0)
        {
            body.Write(buffer, 0, n);
            if (body.Length > maxBytes)
            {
                throw new InvalidDataException($"A packed body has more than {maxBytes} bytes.");
            }
        }

        return body.ToArray();
    }

    private static byte[] Compress(IEnumerable<byte[]> parts)
    {
        using var encoder = new BrotliEncoder(Quality, Window);
        using var packed = new MemoryStream();
        var buffer = new byte[64 * 1024];
        foreach (var part in parts)
        {
            var rest = part.AsSpan();
            while (!rest.IsEmpty)
            {
                _ = encoder.Compress(rest, buffer, out var used, out var written, isFinalBlock: false);
                packed.Write(buffer, 0, written);
                rest = rest[used..];
            }
        }

        while (encoder.Compress([], buffer, out _, out var written, isFinalBlock: true) is var status)
        {
            packed.Write(buffer, 0, written);
            if (status == OperationStatus.Done)
            {
                break;
            }
        }

        return packed.ToArray();
    }
}
