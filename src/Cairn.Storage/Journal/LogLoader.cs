namespace Cairn.Storage;

/// <summary>Reads a log from the disk into an index: all of it, or what came since.</summary>
internal sealed class LogLoader(IDisk disk, StateLayout layout, ILogVisitor visitor, bool acceptTorn = false)
{
    /// <summary>What a load found at the end of the log.</summary>
    /// <param name="Tail">Where whole commits end.</param>
    /// <param name="LastCommit">Offset of the last commit in the last segment; 0 when there is none.</param>
    /// <param name="Torn">Bytes follow that are no whole commit: a write that a crash cut short.</param>
    /// <param name="Unborn">Number of a last segment whose header is not whole; 0 when there is none.</param>
    public readonly record struct Result(LogTail Tail, long LastCommit, bool Torn, uint Unborn);

    /// <summary>Reads every segment.</summary>
    /// <exception cref="InvalidDataException">When a record is damaged or written by a newer Cairn.</exception>
    public Result LoadAll() => Continue(default, 0);

    /// <summary>Reads on from where an earlier load ended.</summary>
    public Result Continue(LogTail from, long lastCommit)
    {
        var numbers = layout.Segments(disk);
        var result = new Result(from, lastCommit, false, 0);
        for (var i = 0; i < numbers.Length; i++)
        {
            if (numbers[i] < from.Header.Number)
            {
                continue;
            }

            var last = i == numbers.Length - 1;
            var expected = result.Tail.Header.Number == 0 ? 1 : result.Tail.Header.Number + (numbers[i] == from.Header.Number ? 0u : 1u);
            if (numbers[i] != expected)
            {
                throw new LogDamage(expected, 0, null, null, "the segment is missing.").ToException(layout.Root);
            }

            result = LoadSegment(numbers[i], result, last, numbers[i] == from.Header.Number);
        }

        return result;
    }

    private Result LoadSegment(uint number, Result before, bool last, bool again)
    {
        using var file = disk.Open(layout.Segment(number), DiskOpen.Read);
        var start = again ? before.Tail.End : 0;
        var bytes = ReadFrom(file, start);
        var header = before.Tail.Header;
        var next = before.Tail.NextCommit;
        var at = 0;
        if (!again)
        {
            var (damage, unborn) = CheckHeader(bytes, number, before.Tail, last, out header);
            if (unborn)
            {
                return before with { Unborn = number, Torn = false };
            }

            if (damage is not null)
            {
                throw damage.ToException(layout.Root);
            }

            (next, at) = (header.FirstCommit, SegmentHeader.Bytes);
        }

        var scan = SegmentScanner.Scan(bytes.AsSpan(at), start + at, header, next, visitor, acceptTorn);
        if (scan.Damage is { } found)
        {
            var behind = bytes.AsSpan((int)(scan.End - start));
            if (found.Newer || !last || header.IsRewritten || SegmentScanner.FindLater(behind, scan.End, header, scan.NextCommit) >= 0)
            {
                throw found.ToException(layout.Root);
            }
        }

        if (header.IsRewritten)
        {
            if (RewrittenDamage(header, scan) is { } cut)
            {
                throw cut.ToException(layout.Root);
            }

            scan = scan with { NextCommit = header.NextCommit };
        }

        var lastCommit = again && scan.LastCommit == 0 ? before.LastCommit : scan.LastCommit;
        return new(new(header, scan.End, scan.NextCommit), lastCommit, scan.Damage is not null, 0);
    }

    /// <summary>A rewritten segment ends where its header says, neither before nor behind.</summary>
    internal static LogDamage? RewrittenDamage(SegmentHeader header, SegmentScanner.Result scan) => scan.End == header.End ? null
        : new(header.Number, scan.End, null, null, $"the segment ended at offset {header.End} when it was rewritten, and ends here now.");

    internal static (LogDamage? Damage, bool Unborn) CheckHeader(byte[] bytes, uint number, LogTail? expected, bool last, out SegmentHeader header)
    {
        if (!SegmentHeader.TryRead(bytes, out header))
        {
            // A segment gets its first commit after its header is durable, so a torn header has nothing behind it.
            return last && bytes.AsSpan(Math.Min(bytes.Length, SegmentHeader.Bytes)).IndexOfAnyExcept((byte)0) < 0
                ? (null, true)
                : (new(number, 0, null, null, "the header of the segment does not match its checksum."), false);
        }

        if (header.Format > SegmentHeader.RewrittenFormat)
        {
            return (LogDamage.NewerFormat(number, 0, header.Format, SegmentHeader.RewrittenFormat), false);
        }

        if (expected is not { } before)
        {
            return (null, false);
        }

        if (header.Number != number || header.FirstCommit != before.NextCommit)
        {
            return (new(number, 0, null, null, $"the segment begins with commit {header.FirstCommit}, the log before it ends before commit {before.NextCommit}: a segment was cut short, moved or exchanged."), false);
        }

        return !before.Header.IsRewritten && header.PreviousEnd != (before.Header.Number == 0 ? 0 : before.End)
            ? (new(number - 1, before.End, null, null, $"the segment ended at offset {header.PreviousEnd} when the next one was begun, and ends here now."), false)
            : (null, false);
    }

    internal static byte[] ReadFrom(IDiskFile file, long start)
    {
        var length = Math.Max(0, file.Length - start);
        if (length > 4L * StateStoreOptions.MaxSegmentBytes)
        {
            throw new InvalidDataException($"A segment of {file.Length:N0} bytes is larger than any that Cairn writes.");
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)Math.Min(length, Array.MaxLength));
        var count = file.Read(start, bytes);
        return count == bytes.Length ? bytes : bytes[..count];
    }
}
