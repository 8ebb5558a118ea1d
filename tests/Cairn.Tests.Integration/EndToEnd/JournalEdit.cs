using System.Buffers.Binary;
using System.Text;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>
/// Edits a state directory's log as docs/JOURNAL.md describes it, and makes every checksum right again: what is then
/// found is found by the chain and the meaning, not by a checksum alone.
/// </summary>
internal static class JournalEdit
{
    private const int SegmentHeader = 64;
    private const int CommitHeader = 48;
    private const int RecordHeader = 80;

    /// <summary>One record, header and payload, without its padding.</summary>
    public sealed record Record(byte[] Bytes)
    {
        public bool IsEvent => Bytes[42] == 1;

        public string Payload => Encoding.UTF8.GetString(Bytes, RecordHeader, Bytes.Length - RecordHeader);

        public Record WithPayload(string payload)
        {
            byte[] bytes = [.. Bytes[..RecordHeader], .. Encoding.UTF8.GetBytes(payload)];
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), bytes.Length);
            return new Record(bytes);
        }
    }

    /// <summary>The commits of the only segment, each with its records.</summary>
    public static List<List<Record>> Read(byte[] log)
    {
        var commits = new List<List<Record>>();
        var at = SegmentHeader;
        while (at + CommitHeader <= log.Length && log.AsSpan(at, 4).SequenceEqual("CCMT"u8))
        {
            var end = at + CommitHeader + BinaryPrimitives.ReadInt32LittleEndian(log.AsSpan(at + 32));
            var records = new List<Record>();
            for (at += CommitHeader; at < end;)
            {
                var length = BinaryPrimitives.ReadInt32LittleEndian(log.AsSpan(at + 4));
                records.Add(new Record(log.AsSpan(at, length).ToArray()));
                at += (length + 7) / 8 * 8;
            }

            commits.Add(records);
        }

        return commits;
    }

    /// <summary>A log of these commits, with right places, numbers and checksums.</summary>
    public static byte[] Write(byte[] original, List<List<Record>> commits)
    {
        var log = new List<byte>(original[..SegmentHeader]);
        for (var number = 0; number < commits.Count; number++)
        {
            var body = new List<byte>();
            var sums = new List<byte>();
            foreach (var record in commits[number])
            {
                var bytes = record.Bytes.ToArray();
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, Crc32C(bytes.AsSpan(4)));
                sums.AddRange(bytes[..4]);
                body.AddRange(bytes);
                body.AddRange(new byte[(8 - (bytes.Length % 8)) % 8]);
            }

            var header = new byte[CommitHeader];
            "CCMT"u8.CopyTo(header);
            header[4] = 1;
            original.AsSpan(16, 8).CopyTo(header.AsSpan(8));
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), log.Count);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), number);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(32), body.Count);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(36), commits[number].Count);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(40), Crc32C([.. sums]));
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(44), Crc32C(header.AsSpan(0, 44)));
            log.AddRange(header);
            log.AddRange(body);
        }

        return [.. log];
    }

    /// <summary>CRC-32C, bit by bit.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
        }

        return ~crc;
    }
}
