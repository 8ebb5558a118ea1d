using System.Buffers.Binary;

namespace Cairn.Storage;

/// <summary>
/// The first 64 bytes of a segment. The salt makes bytes of another log, quoted in some body, no commits of this one; the
/// end of the segment before tells when that one was cut short. A segment that a collection rewrote says itself where it
/// ends and with which commit the next one begins: its own commits are fewer than they were.
/// </summary>
internal readonly record struct SegmentHeader(ushort Format, uint Number, ulong Salt, ulong FirstCommit, long PreviousEnd, long Created)
{
    public const int Bytes = 64;

    /// <summary>The format of a header that a collection wrote.</summary>
    public const ushort RewrittenFormat = 2;

    private const int CrcOffset = 60;

    /// <summary>A collection wrote this segment anew.</summary>
    public bool IsRewritten => Format >= RewrittenFormat;

    /// <summary>Of a rewritten segment: the number of the first commit behind it.</summary>
    public ulong NextCommit { get; init; }

    /// <summary>Of a rewritten segment: where its commits end.</summary>
    public uint End { get; init; }

    private static ReadOnlySpan<byte> Magic => "CAIRNLOG"u8;

    public void Write(Span<byte> target)
    {
        target[..Bytes].Clear();
        Magic.CopyTo(target);
        BinaryPrimitives.WriteUInt16LittleEndian(target[8..], Format);
        BinaryPrimitives.WriteUInt32LittleEndian(target[12..], Number);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Salt);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], FirstCommit);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], PreviousEnd);
        BinaryPrimitives.WriteInt64LittleEndian(target[40..], Created);
        BinaryPrimitives.WriteUInt64LittleEndian(target[48..], NextCommit);
        BinaryPrimitives.WriteUInt32LittleEndian(target[56..], End);
        BinaryPrimitives.WriteUInt32LittleEndian(target[CrcOffset..], Crc32C.Of(target[..CrcOffset]));
    }

    /// <summary>False when these bytes are no header that was written whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out SegmentHeader header)
    {
        header = default;
        if (source.Length < Bytes || !source.StartsWith(Magic)
            || Crc32C.Of(source[..CrcOffset]) != BinaryPrimitives.ReadUInt32LittleEndian(source[CrcOffset..]))
        {
            return false;
        }

        header = new(
            BinaryPrimitives.ReadUInt16LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[40..]))
        {
            NextCommit = BinaryPrimitives.ReadUInt64LittleEndian(source[48..]),
            End = BinaryPrimitives.ReadUInt32LittleEndian(source[56..]),
        };
        return true;
    }
}
