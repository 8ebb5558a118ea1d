using System.Buffers.Binary;

namespace Cairn.Storage;

/// <summary>
/// The 48 bytes before the records that became durable together: all of them count or none. It names its own place and
/// number, so a commit that was moved, doubled or taken from elsewhere is no commit.
/// </summary>
internal readonly record struct CommitHeader(
    ushort Format, ulong Salt, long Offset, ulong Number, int BodyLength, int Records, uint RecordsCrc)
{
    public const int Bytes = 48;

    /// <summary>"CCMT" in the file.</summary>
    public const uint Magic = 0x544D4343;

    private const int CrcOffset = 44;

    public long End => Offset + Bytes + BodyLength;

    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(target[4..], Format);
        BinaryPrimitives.WriteUInt16LittleEndian(target[6..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], Salt);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], Offset);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], Number);
        BinaryPrimitives.WriteInt32LittleEndian(target[32..], BodyLength);
        BinaryPrimitives.WriteInt32LittleEndian(target[36..], Records);
        BinaryPrimitives.WriteUInt32LittleEndian(target[40..], RecordsCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(target[CrcOffset..], Crc32C.Of(target[..CrcOffset]));
    }

    /// <summary>False when these bytes are no header that was written whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out CommitHeader header)
    {
        header = default;
        if (source.Length < Bytes || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic
            || Crc32C.Of(source[..CrcOffset]) != BinaryPrimitives.ReadUInt32LittleEndian(source[CrcOffset..]))
        {
            return false;
        }

        header = new(
            BinaryPrimitives.ReadUInt16LittleEndian(source[4..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[32..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[36..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[40..]));
        return true;
    }
}
