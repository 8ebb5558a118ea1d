using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Cairn.Storage;

/// <summary>
/// One record as it lies in a segment: an 80-byte header and a payload, padded to 8 bytes. The fields after the chain are
/// laid out so that "chain before, rest of the record" is one stretch of memory and its hash one call.
/// </summary>
internal readonly ref struct RecordView
{
    public const int HeaderBytes = 80;
    public const int MaxPayloadBytes = 32 * 1024 * 1024;
    public const ushort CurrentFormat = 1;
    private const int MaxOnStack = 1024;
    private const int ChainOffset = 8;
    private const int FormatOffset = 40;
    private const int KindOffset = 42;
    private const int RunOffset = 48;
    private const int SeqOffset = 64;
    private const int TimeOffset = 72;

    private readonly ReadOnlySpan<byte> _bytes;

    private RecordView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public uint Crc => BinaryPrimitives.ReadUInt32LittleEndian(_bytes);

    /// <summary>Header and payload, without the padding.</summary>
    public int Length => _bytes.Length;

    public int PaddedLength => Pad(_bytes.Length);

    /// <summary>The chain value of an event; the hash of a blob.</summary>
    public BlobHash Chain => BlobHash.FromBytes(_bytes.Slice(ChainOffset, BlobHash.Size));

    public ushort Format => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[FormatOffset..]);

    public RecordKind Kind => (RecordKind)_bytes[KindOffset];

    public UInt128 RunKey => RunKeyOf(_bytes);

    public long Seq => BinaryPrimitives.ReadInt64LittleEndian(_bytes[SeqOffset..]);

    /// <summary>In 100 ns since 1970-01-01 UTC.</summary>
    public long Time => BinaryPrimitives.ReadInt64LittleEndian(_bytes[TimeOffset..]);

    public ReadOnlySpan<byte> Payload => _bytes[HeaderBytes..];

    public static int Pad(int length) => (length + 7) & ~7;

    /// <summary>False when there is no intact record at the start of these bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out RecordView record)
    {
        record = default;
        if (!TryReadLength(source, out var length) || length > source.Length
            || Crc32C.Of(source[4..length]) != BinaryPrimitives.ReadUInt32LittleEndian(source))
        {
            return false;
        }

        record = new(source[..length]);
        return true;
    }

    /// <summary>A record that was checked before.</summary>
    public static RecordView Unchecked(ReadOnlySpan<byte> record) => new(record);

    /// <summary>The length of the record that starts here, unchecked but for its bounds.</summary>
    public static bool TryReadLength(ReadOnlySpan<byte> source, out int length)
    {
        length = source.Length < HeaderBytes ? 0 : BinaryPrimitives.ReadInt32LittleEndian(source[4..]);
        return length is >= HeaderBytes and <= HeaderBytes + MaxPayloadBytes;
    }

    /// <summary>What a damaged record says that it is; null when not even that can be told.</summary>
    public static (string Run, long Seq)? Claim(ReadOnlySpan<byte> source)
    {
        if (source.Length < HeaderBytes || source[KindOffset] != (byte)RecordKind.Event)
        {
            return null;
        }

        var run = RunText(RunKeyOf(source));
        var seq = BinaryPrimitives.ReadInt64LittleEndian(source[SeqOffset..]);
        return run is null || seq < 0 ? null : (run, seq);
    }

    public static UInt128 KeyOf(RunId run)
    {
        Span<byte> bytes = stackalloc byte[RunId.MaxLength];
        bytes.Clear();
        if (Encoding.ASCII.GetBytes(run.Value, bytes) == 0)
        {
            throw new ArgumentException("The run has no id.", nameof(run));
        }

        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>The run id of a record's field; null when no run can have it.</summary>
    public static string? RunText(UInt128 key)
    {
        Span<byte> bytes = stackalloc byte[RunId.MaxLength];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, key);
        var text = Encoding.Latin1.GetString(bytes.TrimEnd((byte)0));
        return text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? text : null;
    }

    /// <summary>
    /// Completes a record whose payload already lies behind its header. For an event <paramref name="chain"/> goes in as
    /// the chain before and comes out as the record's own; for a blob it is the body's hash.
    /// </summary>
    public static void Write(Span<byte> record, RecordKind kind, UInt128 run, long seq, long time, ref BlobHash chain)
    {
        record[..HeaderBytes].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], record.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(record[FormatOffset..], CurrentFormat);
        record[KindOffset] = (byte)kind;
        BinaryPrimitives.WriteUInt128BigEndian(record[RunOffset..], run);
        BinaryPrimitives.WriteInt64LittleEndian(record[SeqOffset..], seq);
        BinaryPrimitives.WriteInt64LittleEndian(record[TimeOffset..], time);
        chain.CopyTo(record[ChainOffset..]);
        if (kind == RecordKind.Event)
        {
            chain = BlobHash.Of(record[ChainOffset..]);
            chain.CopyTo(record[ChainOffset..]);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(record, Crc32C.Of(record[4..]));
    }

    /// <summary>The chain value that this event's record must have after a record with the given one.</summary>
    public BlobHash ChainAfter(BlobHash previous)
    {
        var rest = _bytes[(ChainOffset + BlobHash.Size)..];
        if (rest.Length <= MaxOnStack)
        {
            Span<byte> all = stackalloc byte[BlobHash.Size + MaxOnStack];
            previous.CopyTo(all);
            rest.CopyTo(all[BlobHash.Size..]);
            return BlobHash.Of(all[..(BlobHash.Size + rest.Length)]);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> value = stackalloc byte[BlobHash.Size];
        previous.CopyTo(value);
        hash.AppendData(value);
        hash.AppendData(rest);
        hash.GetHashAndReset(value);
        return BlobHash.FromBytes(value);
    }

    private static UInt128 RunKeyOf(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt128BigEndian(record[RunOffset..]);
}
