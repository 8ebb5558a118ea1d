using System.Globalization;

namespace Cairn.Storage;

/// <summary>Does the work of a <see cref="StoreCollection"/> on the one writer's log.</summary>
/// <param name="disk">The disk.</param>
/// <param name="layout">The directory.</param>
/// <param name="index">Where everything lies.</param>
/// <param name="reader">Reads records; its lock is taken before the queue's.</param>
/// <param name="queue">Its gate guards the index.</param>
/// <param name="writer">The end of the log.</param>
/// <param name="large">Bodies in files.</param>
/// <param name="ages">What is too young.</param>
/// <param name="anchor">Writes the anchors; called while nobody commits.</param>
/// <param name="done">Called once, when the next collection may begin.</param>
internal sealed class LogCollector(
    IDisk disk, StateLayout layout, LogIndex index, LogReader reader, CommitQueue queue, LogWriter writer, LargeBlobs large,
    BodyAges ages, Action anchor, Action done) : IDisposable
{
    private const int RecordsPerLook = 512;

    /// <summary>A segment with less garbage than this, and less than a sixteenth of it, is not worth writing anew.</summary>
    private const int WorthBytes = 64 * 1024;

    private readonly SegmentRewriter _rewriter = new(disk, layout);
    private readonly BodyAges.Horizon _horizon = ages.Hold();
    private readonly HashSet<UInt128> _planned = [];
    private int _disposed;

    public bool TryDrop(IReadOnlyCollection<RunHead> runs, bool dryRun)
    {
        var dropped = true;
        queue.WhileIdle(() =>
        {
            ThrowIfFailed();
            var found = runs.Select(head => (Head: head, State: index.Find(RecordView.KeyOf(head.Run)))).ToList();
            dropped = found.All(run => run.State is { } state && state.Places.Count == run.Head.Count && state.TailCount == run.Head.Count);
            if (!dropped || found.Count == 0)
            {
                return;
            }

            _planned.UnionWith(found.Select(run => run.State!.Key));
            if (!dryRun)
            {
                Drop([.. found.Select(run => run.State!)]);
            }
        });
        return dropped;
    }

    public StoreReclaimed Reclaim(IReadOnlySet<BlobHash> alsoLive, bool dryRun, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        ThrowIfFailed();
        var live = Mark(alsoLive, progress, cancellationToken);
        var total = new StoreReclaimed();

        // From the last to the first: without its anchors a half removed run would still begin at its beginning.
        foreach (var number in Candidates(live, dryRun).OrderDescending())
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report($"segment {StateLayout.SegmentName(number)}");
            total = Segment(number, live, dryRun, total);
        }

        if (!dryRun)
        {
            disk.SyncDirectory(layout.Journal);
            EndDrop();
        }

        progress?.Report("large bodies");
        var (count, bytes) = large.Collect(live.Contains, _horizon.Since, dryRun, cancellationToken);
        return total with { LargeBodies = count, LargeBytes = bytes };
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            ages.Release();
            done();
        }
    }

    // Under the queue's gate, with no commit under way: a failed drop must not let an append to a run through that the
    // anchors on the disk may call dropped.
    private void Drop(IReadOnlyList<RunState> runs)
    {
        var keys = runs.Select(run => run.Key).ToArray();
        try
        {
            writer.RollOver();
        }
        catch (IOException e)
        {
            if (writer.Broken)
            {
                queue.Close(e);
            }

            throw;
        }

        index.Drop(runs.Select(run => run.Run.Value));
        try
        {
            anchor();
        }
        catch (IOException)
        {
            index.EndDrop(keys);
            Compensate();
            throw;
        }

        index.ForgetDropped();
    }

    private void Compensate()
    {
        try
        {
            anchor();
        }
        catch (IOException e)
        {
            // The disk may hold either; the next open finds out.
            queue.Close(e);
        }
    }

    private HashSet<BlobHash> Mark(IReadOnlySet<BlobHash> alsoLive, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var live = new HashSet<BlobHash>(alsoLive);
        RunState[] runs;
        lock (queue.Gate)
        {
            runs = [.. index.Runs.Where(run => !_planned.Contains(run.Key))];
        }

        for (var i = 0; i < runs.Length; i++)
        {
            progress?.Report(string.Create(CultureInfo.InvariantCulture, $"run {i + 1} of {runs.Length}"));
            for (long from = 0, next; (next = MarkSome(runs[i].Run, from, live)) > from; from = next)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        return live;
    }

    // A few at a time: other readers wait meanwhile.
    private long MarkSome(RunId run, long from, HashSet<BlobHash> live)
    {
        var next = from;
        JournalView.ReadRaw(index, queue.Gate, reader, run, from, (record, _) =>
        {
            BodyMark.Add(record.Payload, live);
            next = record.Seq + 1;
        }, RecordsPerLook);
        return next;
    }

    /// <summary>The segments that hold something dead; when it is not for real, the last one too.</summary>
    private HashSet<uint> Candidates(HashSet<BlobHash> live, bool dryRun)
    {
        lock (queue.Gate)
        {
            var found = new HashSet<uint>(index.Remnants);
            found.UnionWith(index.Runs.Where(run => _planned.Contains(run.Key)).SelectMany(run => run.Places).Select(place => place.Segment));
            found.UnionWith(index.Blobs.Where(blob => IsDead(blob.Key, blob.Value, live)).Select(blob => blob.Value.Segment));
            if (!dryRun || _planned.Count == 0)
            {
                found.Remove(writer.Tail.Header.Number);
            }

            return found;
        }
    }

    private bool IsDead(BlobHash hash, LogPlace place, HashSet<BlobHash> live) => !live.Contains(hash) && !ages.IsYoung(hash, place, _horizon);

    private StoreReclaimed Segment(uint number, HashSet<BlobHash> live, bool dryRun, StoreReclaimed total)
    {
        var look = new DeadRecords(this, live);
        byte[] bytes;
        try
        {
            bytes = _rewriter.Read(number, look);
        }
        catch (InvalidDataException) when (dryRun && number == writer.Tail.Header.Number)
        {
            // A commit was being written just then: what was counted up to there is the report.
            bytes = [];
        }

        var worth = look.Events > 0 || look.Bytes >= Math.Min(WorthBytes, bytes.Length / 16);
        if (!worth || look.Bytes == 0)
        {
            return total;
        }

        total = total with { Records = total.Records + look.Events, Segments = total.Segments + 1 };
        if (dryRun)
        {
            return total with { Bodies = total.Bodies + look.Blobs.Count, LogBytes = total.LogBytes + look.Bytes };
        }

        var dead = Condemn(look, live);
        var next = NextCommit(number);
        SegmentRewriter.Relocations moved;
        try
        {
            moved = _rewriter.Write(bytes, number, next, (place, record) =>
                record.Kind == RecordKind.Blob ? dead.Contains(place.Offset) : index.IsDropped(record.RunKey));
        }
        catch (IOException)
        {
            TryDelete(layout.SegmentScratch(number));
            throw;
        }

        return total with { Bodies = total.Bodies + dead.Count, LogBytes = total.LogBytes + bytes.Length - Swap(number, moved) };
    }

    /// <summary>From here on these bodies are not in the log: who puts one again writes it again.</summary>
    private HashSet<long> Condemn(DeadRecords look, HashSet<BlobHash> live)
    {
        var dead = new HashSet<long>();
        lock (queue.Gate)
        {
            foreach (var (hash, place) in look.Blobs)
            {
                if (!IsDeadHere(hash, place, live))
                {
                    continue;
                }

                dead.Add(place.Offset);
                if (index.TryFindBlob(hash, out var known) && known == place)
                {
                    index.RemoveBlob(hash);
                }
            }
        }

        return dead;
    }

    private bool LooksDead(LogPlace place, RecordView record, HashSet<BlobHash> live)
    {
        lock (queue.Gate)
        {
            return record.Kind == RecordKind.Blob
                ? IsDeadHere(record.Chain, place, live)
                : index.IsDropped(record.RunKey) || _planned.Contains(record.RunKey);
        }
    }

    // A body that the index finds elsewhere, or no longer, is a double.
    private bool IsDeadHere(BlobHash hash, LogPlace place, HashSet<BlobHash> live) =>
        !index.TryFindBlob(hash, out var known) || known != place || IsDead(hash, place, live);

    private ulong NextCommit(uint number)
    {
        using var file = disk.Open(layout.Segment(number + 1), DiskOpen.Read);
        var bytes = new byte[SegmentHeader.Bytes];
        return file.Read(0, bytes) == bytes.Length && SegmentHeader.TryRead(bytes, out var next)
            ? next.FirstCommit
            : throw new LogDamage(number + 1, 0, null, null, "the header of the segment does not match its checksum.").ToException(layout.Root);
    }

    private long Swap(uint number, SegmentRewriter.Relocations moved)
    {
        lock (reader.Gate)
        {
            lock (queue.Gate)
            {
                disk.Rename(layout.SegmentScratch(number), layout.Segment(number));
                reader.Forget(number);
                ages.Rewritten(number);
                index.Relocate(number, moved);
            }
        }

        using var file = disk.Open(layout.Segment(number), DiskOpen.Read);
        return file.Length;
    }

    private void EndDrop() => queue.WhileIdle(() =>
    {
        if (index.Dropped.Count == 0 || index.Remnants.Count > 0)
        {
            return;
        }

        var ended = index.Dropped.ToArray();
        index.EndDrop([.. ended.Select(run => RecordView.KeyOf(RunId.Parse(run)))]);
        try
        {
            anchor();
        }
        catch (IOException)
        {
            index.Drop(ended);
            throw;
        }
    });

    private void ThrowIfFailed()
    {
        if (queue.Failure is { } failure)
        {
            throw failure is IOException ? new IOException($"Nothing can be collected: {failure.Message}", failure) : failure;
        }
    }

    private void TryDelete(string path)
    {
        try
        {
            disk.Delete(path);
        }
        catch (IOException)
        {
            // The next open sweeps it.
        }
    }

    /// <summary>What of a segment is dead, as far as can be told before it is condemned.</summary>
    private sealed class DeadRecords(LogCollector owner, HashSet<BlobHash> live) : ILogVisitor
    {
        public long Events { get; private set; }

        public long Bytes { get; private set; }

        public List<(BlobHash Hash, LogPlace Place)> Blobs { get; } = [];

        public string? Visit(uint segment, long offset, RecordView record)
        {
            var place = new LogPlace(segment, offset);
            if (owner.LooksDead(place, record, live))
            {
                Bytes += record.PaddedLength;
                Events += record.Kind == RecordKind.Blob ? 0 : 1;
                if (record.Kind == RecordKind.Blob)
                {
                    Blobs.Add((record.Chain, place));
                }
            }

            return null;
        }
    }
}
