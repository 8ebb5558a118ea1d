namespace Cairn.Storage;

/// <summary>
/// Writes a sealed segment anew without some of its records. What stays is copied byte for byte, in its order; commits are
/// put together, so that there are never more than there were. The new file is read back before it counts.
/// </summary>
internal sealed class SegmentRewriter(IDisk disk, StateLayout layout)
{
    /// <summary>Small commits are put together up to this size, and the file is written in pieces of about this size.</summary>
    private const int CommitBytes = 1024 * 1024;

    /// <summary>Where the records of a segment lie.</summary>
    public sealed class Relocations : ILogVisitor
    {
        public List<(UInt128 Run, long Seq, LogPlace Place)> Events { get; } = [];

        public List<(BlobHash Hash, LogPlace Place)> Blobs { get; } = [];

        public string? Visit(uint segment, long offset, RecordView record)
        {
            if (record.Kind == RecordKind.Blob)
            {
                Blobs.Add((record.Chain, new(segment, offset)));
            }
            else
            {
                Events.Add((record.RunKey, record.Seq, new(segment, offset)));
            }

            return null;
        }
    }

    /// <summary>Tells whether a record goes.</summary>
    public delegate bool Dead(LogPlace place, RecordView record);

    /// <summary>Reads a sealed segment, told record by record to <paramref name="visitor"/>.</summary>
    /// <exception cref="InvalidDataException">When it is damaged: then it is not touched.</exception>
    public byte[] Read(uint number, ILogVisitor visitor)
    {
        using var file = disk.Open(layout.Segment(number), DiskOpen.Read);
        var bytes = LogLoader.ReadFrom(file, 0);
        _ = Scan(bytes, number, visitor);
        return bytes;
    }

    /// <summary>Writes the segment without the dead records beside the old one, durably, and tells where the rest lies in it.</summary>
    public Relocations Write(byte[] old, uint number, ulong nextCommit, Dead dead)
    {
        _ = SegmentHeader.TryRead(old, out var header);
        var path = layout.SegmentScratch(number);
        using var file = disk.Open(path, DiskOpen.ReadWrite);
        file.SetLength(0);
        var end = Copy(old, header, dead, file);
        var made = header with { Format = SegmentHeader.RewrittenFormat, NextCommit = nextCommit, End = checked((uint)end) };
        var first = new byte[SegmentHeader.Bytes];
        made.Write(first);
        file.Write(0, first);
        file.Sync();

        var moved = new Relocations();
        var found = Scan(LogLoader.ReadFrom(file, 0), number, moved);
        return found == end ? moved : throw new IOException($"The rewritten segment {path} is not what was written to it.");
    }

    private long Scan(byte[] bytes, uint number, ILogVisitor visitor)
    {
        var (damage, _) = LogLoader.CheckHeader(bytes, number, null, false, out var header);
        if (damage is null)
        {
            var scan = SegmentScanner.Scan(bytes.AsSpan(SegmentHeader.Bytes), SegmentHeader.Bytes, header, header.FirstCommit, visitor);
            damage = scan.Damage ?? (header.IsRewritten ? LogLoader.RewrittenDamage(header, scan) : null);
            if (damage is null)
            {
                return scan.End;
            }
        }

        throw damage.ToException(layout.Root);
    }

    // The old bytes were scanned, so every length in them is right.
    private static long Copy(byte[] old, SegmentHeader header, Dead dead, IDiskFile file)
    {
        var (end, number) = ((long)SegmentHeader.Bytes, header.FirstCommit);
        var commit = new MemoryStream();
        var (records, crc) = (0, uint.MaxValue);
        for (var at = SegmentHeader.Bytes; at < old.Length && CommitHeader.TryRead(old.AsSpan(at), out var from);)
        {
            var body = at + CommitHeader.Bytes;
            at = body + from.BodyLength;
            while (body < at)
            {
                _ = RecordView.TryReadLength(old.AsSpan(body), out var length);
                var record = RecordView.Unchecked(old.AsSpan(body, length));
                if (!dead(new(header.Number, body), record))
                {
                    commit.Write(old, body, record.PaddedLength);
                    crc = Crc32C.Add(crc, old.AsSpan(body, sizeof(uint)));
                    records++;
                }

                body += record.PaddedLength;
            }

            if (commit.Length >= CommitBytes)
            {
                Flush();
            }
        }

        Flush();
        return end;

        void Flush()
        {
            if (records == 0)
            {
                return;
            }

            var bytes = new byte[CommitHeader.Bytes + commit.Length];
            commit.GetBuffer().AsSpan(0, (int)commit.Length).CopyTo(bytes.AsSpan(CommitHeader.Bytes));
            new CommitHeader(RecordView.CurrentFormat, header.Salt, end, number, (int)commit.Length, records, ~crc).Write(bytes);
            file.Write(end, bytes);
            (end, number, records, crc) = (end + bytes.Length, number + 1, 0, uint.MaxValue);
            commit.SetLength(0);
        }
    }
}
