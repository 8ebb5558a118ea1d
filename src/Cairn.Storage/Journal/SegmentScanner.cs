namespace Cairn.Storage;

/// <summary>Walks the commits of one segment.</summary>
internal static class SegmentScanner
{
    private const int Alignment = 8;

    /// <summary>Where a scan ended.</summary>
    /// <param name="End">Behind the last whole commit.</param>
    /// <param name="NextCommit">The number that the next commit must have.</param>
    /// <param name="Damage">What ended it; null when only zeros, or nothing, follow.</param>
    /// <param name="LastCommit">Offset of the last whole commit; 0 when there was none.</param>
    public readonly record struct Result(long End, ulong NextCommit, LogDamage? Damage, long LastCommit);

    /// <param name="bytes">The segment's bytes from <paramref name="start"/> on.</param>
    /// <param name="start">Offset of the first of them.</param>
    /// <param name="header">The segment's header.</param>
    /// <param name="nextCommit">The number that the first commit must have.</param>
    /// <param name="visitor">Told of each record.</param>
    /// <param name="acceptTorn">The planted bug: the records of a commit are not checked.</param>
    public static Result Scan(
        ReadOnlySpan<byte> bytes, long start, SegmentHeader header, ulong nextCommit, ILogVisitor visitor, bool acceptTorn = false)
    {
        var at = 0;
        var last = 0L;
        while (true)
        {
            var rest = bytes[at..];
            if (rest.IndexOfAnyExcept((byte)0) < 0)
            {
                return new(start + at, nextCommit, null, last);
            }

            var damage = Check(rest, start + at, header, nextCommit, acceptTorn, out var commit)
                ?? Deliver(rest.Slice(CommitHeader.Bytes, commit.BodyLength), header.Number, start + at + CommitHeader.Bytes, visitor);
            if (damage is not null)
            {
                return new(start + at, nextCommit, damage, last);
            }

            last = start + at;
            at += CommitHeader.Bytes + commit.BodyLength;
            nextCommit++;
        }
    }

    /// <summary>
    /// The offset of a whole commit header behind a damaged place; -1 when there is none. Only one commit is ever under
    /// way, so whatever stands before a later commit was acknowledged: its damage is no torn tail.
    /// </summary>
    public static long FindLater(ReadOnlySpan<byte> bytes, long start, SegmentHeader header, ulong nextCommit)
    {
        ReadOnlySpan<byte> magic = [0x43, 0x43, 0x4D, 0x54];
        for (var at = 0; at + CommitHeader.Bytes <= bytes.Length;)
        {
            var found = bytes[at..].IndexOf(magic);
            if (found < 0)
            {
                return -1;
            }

            at += found;
            if ((start + at) % Alignment == 0 && CommitHeader.TryRead(bytes[at..], out var commit)
                && commit.Salt == header.Salt && commit.Offset == start + at && commit.Number > nextCommit)
            {
                return start + at;
            }

            at++;
        }

        return -1;
    }

    private static LogDamage? Check(ReadOnlySpan<byte> rest, long offset, SegmentHeader header, ulong nextCommit, bool acceptTorn, out CommitHeader commit)
    {
        LogDamage Bad(ReadOnlySpan<byte> record, long place, string reason)
        {
            var claim = RecordView.Claim(record);
            return new(header.Number, place, claim?.Run, claim?.Seq, reason);
        }

        var body = rest[Math.Min(CommitHeader.Bytes, rest.Length)..];
        if (!CommitHeader.TryRead(rest, out commit))
        {
            return Bad(body, offset, "the header of the commit does not match its checksum.");
        }

        if (commit.Format > RecordView.CurrentFormat)
        {
            return LogDamage.NewerFormat(header.Number, offset, commit.Format);
        }

        if (commit.Salt != header.Salt || commit.Offset != offset || commit.Number != nextCommit)
        {
            return Bad(body, offset, $"a commit stands here that belongs elsewhere (it is number {commit.Number} for offset {commit.Offset}; expected is number {nextCommit}).");
        }

        if (commit.BodyLength < 0 || commit.BodyLength > body.Length)
        {
            return Bad(body, offset, "the commit is longer than the segment.");
        }

        return acceptTorn ? null : CheckRecords(body[..commit.BodyLength], offset + CommitHeader.Bytes, header, commit);
    }

    private static LogDamage? CheckRecords(ReadOnlySpan<byte> body, long offset, SegmentHeader header, CommitHeader commit)
    {
        var (at, count, crc) = (0, 0, uint.MaxValue);
        while (at < body.Length)
        {
            if (!RecordView.TryRead(body[at..], out var record))
            {
                var claim = RecordView.Claim(body[at..]);
                return new(header.Number, offset + at, claim?.Run, claim?.Seq, "the record does not match its checksum.");
            }

            if (record.Format > RecordView.CurrentFormat)
            {
                return LogDamage.NewerFormat(header.Number, offset + at, record.Format);
            }

            var padding = body[(at + record.Length)..Math.Min(body.Length, at + record.PaddedLength)];
            if (padding.IndexOfAnyExcept((byte)0) >= 0)
            {
                var claim = RecordView.Claim(body[at..]);
                return new(header.Number, offset + at, claim?.Run, claim?.Seq, "the padding behind the record is not zero.");
            }

            crc = Crc32C.Add(crc, body.Slice(at, sizeof(uint)));
            at += record.PaddedLength;
            count++;
        }

        return at == body.Length && count == commit.Records && ~crc == commit.RecordsCrc
            ? null
            : new(header.Number, offset, null, null, "the commit's records are not those that were written with it.");
    }

    private static LogDamage? Deliver(ReadOnlySpan<byte> body, uint segment, long offset, ILogVisitor visitor)
    {
        for (var at = 0; at < body.Length;)
        {
            _ = RecordView.TryReadLength(body[at..], out var length);
            var record = RecordView.Unchecked(body.Slice(at, length));
            if (visitor.Visit(segment, offset + at, record) is { } problem)
            {
                var claim = RecordView.Claim(body[at..]);
                return new(segment, offset + at, claim?.Run, claim?.Seq, problem);
            }

            at += record.PaddedLength;
        }

        return null;
    }
}
