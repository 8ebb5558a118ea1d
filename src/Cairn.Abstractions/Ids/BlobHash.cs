using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cairn.Abstractions;

/// <summary>The SHA-256 of a body (FIPS 180-4): its address in the blob store, its version as a file, its identity in a prompt.</summary>
[JsonConverter(typeof(BlobHashConverter))]
public readonly record struct BlobHash : ITextId<BlobHash>
{
    /// <summary>Bytes in a hash.</summary>
    public const int Size = 32;

    private readonly UInt128 _high;
    private readonly UInt128 _low;

    private BlobHash(ReadOnlySpan<byte> bytes)
    {
        _high = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        _low = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]);
    }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public string Value
    {
        get
        {
            Span<byte> bytes = stackalloc byte[Size];
            CopyTo(bytes);
            return Convert.ToHexStringLower(bytes);
        }
    }

    /// <summary>The first 12 digits, for people.</summary>
    public string Short => Value[..12];

    /// <summary>True for the hash that was never computed (all zero).</summary>
    public bool IsNone => _high == 0 && _low == 0;

    /// <summary>Hashes a body.</summary>
    public static BlobHash Of(ReadOnlySpan<byte> body)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(body, hash);
        return new(hash);
    }

    /// <summary>Hashes the UTF-8 form of a text.</summary>
    public static BlobHash OfText(string text) => Of(System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Takes 32 raw bytes as a hash.</summary>
    public static BlobHash FromBytes(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Size);
        return new(bytes);
    }

    /// <inheritdoc/>
    public static BlobHash Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!TryParse(text, out var hash))
        {
            throw new FormatException($"'{text}' is no hash: 64 hexadecimal digits are expected.");
        }

        return hash;
    }

    /// <summary>Parses 64 hexadecimal digits without throwing.</summary>
    public static bool TryParse(string text, out BlobHash hash)
    {
        Span<byte> bytes = stackalloc byte[Size];
        hash = default;
        if (text is null || text.Length != Size * 2
            || Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        hash = new(bytes);
        return true;
    }

    /// <summary>Writes the 32 raw bytes.</summary>
    public void CopyTo(Span<byte> destination)
    {
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(destination, _high);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(destination[16..], _low);
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>Reads and writes a <see cref="BlobHash"/> as 64 hexadecimal digits.</summary>
public sealed class BlobHashConverter : JsonConverter<BlobHash>
{
    /// <inheritdoc/>
    public override BlobHash Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        BlobHash.TryParse(reader.GetString() ?? "", out var hash) ? hash : throw new JsonException("not a SHA-256 in hexadecimal");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, BlobHash value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        Span<byte> bytes = stackalloc byte[BlobHash.Size];
        Span<char> text = stackalloc char[BlobHash.Size * 2];
        value.CopyTo(bytes);
        Convert.TryToHexStringLower(bytes, text, out _);
        writer.WriteStringValue(text);
    }
}
