using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

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
}

/// <summary>One entry of a layer's tree as overlayfs sees it, parents before children.</summary>
internal sealed record PackedEntry(string Path, PackedKind Kind, int Mode, uint Uid, uint Gid, long Modified, bool Opaque, BlobHash? Content, string? Target);

/// <summary>A layer without its directory: description and tree.</summary>
internal sealed record PackedLayer(LayerMeta Meta, ImmutableArray<PackedEntry> Tree);

/// <summary>Where a content lies in the pack's unpacked body.</summary>
internal sealed record PackedContent(BlobHash Hash, int Length);

/// <summary>All of a pack but the contents.</summary>
internal sealed record PackHeader(int Version, ImmutableArray<PackedLayer> Layers, ImmutableArray<PackedContent> Contents)
{
    public const int CurrentVersion = 1;
}

/// <summary>
/// A file of `packs/`: neighbouring layers of a stack, compressed together, so that versions of one file that follow each
/// other cost little more than their differences. `CAIRNPAK`, then as little-endian 32-bit numbers the lengths of the packed
/// header, the packed body and the unpacked body, then the SHA-256 of the packed header, the header and the body.
/// </summary>
internal static class PackFile
{
    /// <summary>The most bytes of contents in one pack.</summary>
    public const int MaxBodyBytes = 16 << 20;

    private const int MaxHeaderBytes = 1 << 30;
    private const int PrefixBytes = 8 + 12 + 32;
    private const int Quality = 5;
    private const int Window = 22;

    public static byte[] Encode(PackHeader header, IEnumerable<byte[]> contents)
    {
        var packed = Compress([JsonSerializer.SerializeToUtf8Bytes(header, SandboxJson.Default.PackHeader)]);
        var body = Compress(contents);
        var file = new byte[PrefixBytes + packed.Length + body.Length];
        "CAIRNPAK"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(8), packed.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(12), body.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(16), header.Contents.Sum(c => c.Length));
        SHA256.HashData(packed, file.AsSpan(20));
        packed.CopyTo(file, PrefixBytes);
        body.CopyTo(file, PrefixBytes + packed.Length);
        return file;
    }

    /// <exception cref="WorkspaceException">When the pack is damaged or of a newer version.</exception>
    public static PackHeader ReadHeader(SafeFileHandle file, string name)
    {
        var (header, _, _, hash) = Prefix(file, name);
        var packed = Bytes(file, PrefixBytes, header, name);
        if (!SHA256.HashData(packed).AsSpan().SequenceEqual(hash))
        {
            throw Damaged(name);
        }

        using var stream = new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress);
        var read = JsonSerializer.Deserialize(stream, SandboxJson.Default.PackHeader)!;
        return read.Version <= PackHeader.CurrentVersion
            ? read
            : throw new WorkspaceException(FileProblem.Io, $"The pack '{name}' has version {read.Version}; this Cairn reads up to {PackHeader.CurrentVersion}.");
    }

    /// <summary>The unpacked contents, one behind the other; each must still be checked against its hash.</summary>
    public static byte[] ReadBody(SafeFileHandle file, string name)
    {
        var (header, packed, length, _) = Prefix(file, name);
        var body = new byte[length];
        return BrotliDecoder.TryDecompress(Bytes(file, PrefixBytes + header, packed, name), body, out var written) && written == length ? body : throw Damaged(name);
    }

    /// <summary>One body alone; null when that does not make it smaller.</summary>
    public static byte[]? TryCompress(byte[] body)
    {
        const int LargeWindow = 22;
        var packed = new byte[body.Length];
        return BrotliEncoder.TryCompress(body, packed, out var written, 4, LargeWindow) && written < body.Length - (body.Length / 8) ? packed[..written] : null;
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
            if (status == System.Buffers.OperationStatus.Done)
            {
                break;
            }
        }

        return packed.ToArray();
    }

    private static (int Header, int Packed, int Body, byte[] Hash) Prefix(SafeFileHandle file, string name)
    {
        var prefix = Bytes(file, 0, PrefixBytes, name);
        var header = BinaryPrimitives.ReadInt32LittleEndian(prefix.AsSpan(8));
        var packed = BinaryPrimitives.ReadInt32LittleEndian(prefix.AsSpan(12));
        var body = BinaryPrimitives.ReadInt32LittleEndian(prefix.AsSpan(16));
        return prefix.AsSpan(0, 8).SequenceEqual("CAIRNPAK"u8) && header is >= 0 and <= MaxHeaderBytes && packed >= 0 && body is >= 0 and <= MaxBodyBytes
            ? (header, packed, body, prefix[20..])
            : throw Damaged(name);
    }

    private static byte[] Bytes(SafeFileHandle file, long offset, int length, string name)
    {
        if (RandomAccess.GetLength(file) < offset + length)
        {
            throw Damaged(name);
        }

        var bytes = new byte[length];
        for (var at = 0; at < length;)
        {
            var n = RandomAccess.Read(file, bytes.AsSpan(at), offset + at);
            at += n > 0 ? n : throw Damaged(name);
        }

        return bytes;
    }

    private static WorkspaceException Damaged(string name) => new(FileProblem.Io, $"The pack '{name}' of the state directory is damaged.");
}
