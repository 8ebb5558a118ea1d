namespace Cairn.Storage;

/// <summary>One walk of the verifier over the segments.</summary>
internal sealed class VerifyWalk(
    IDisk disk, StateLayout layout, IEnumerable<string> dropped, List<JournalFinding> findings, CancellationToken cancellationToken) : ILogVisitor
{
    private readonly HashSet<UInt128> _dropped = [.. dropped.Select(run => RecordView.KeyOf(RunId.Parse(run)))];
    private readonly Dictionary<UInt128, Progress> _runs = [];
    private LogTail _tail;
    private bool _torn;
    private bool _broken;

    private sealed class Progress
    {
        public List<BlobHash> Chains { get; } = [];

        public bool ChainUnknown { get; set; }
    }

    public bool HasRecords => _tail.Header.Number > 0;

    public void Segments()
    {
        var numbers = layout.Segments(disk);
        for (var i = 0; i < numbers.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var expected = _tail.Header.Number + 1;
            if (numbers[i] != expected)
            {
                Add(new(expected, 0, null, null, "the segment is missing."));
                _broken = true;
            }

            Segment(numbers[i], last: i == numbers.Length - 1);
        }
    }

    public void Anchors(HeadAnchors anchors)
    {
        foreach (var problem in AnchorCheck.Compare(anchors, _tail, _torn, Count, ChainAt))
        {
            Add(problem);
        }

        long Count(string run) => Find(run)?.Chains.Count ?? 0;

        BlobHash ChainAt(string run, long seq) => Find(run)!.Chains[(int)seq];

        Progress? Find(string run) => _runs.GetValueOrDefault(RecordView.KeyOf(RunId.Parse(run)));
    }

    public string? Visit(uint segment, long offset, RecordView record)
    {
        if (record.Kind == RecordKind.Blob)
        {
            if (BlobHash.Of(record.Payload) != record.Chain)
            {
                Add(new(segment, offset, null, null, $"the body {record.Chain} has another hash."));
            }
        }
        else if (record.Kind != RecordKind.Event || RecordView.RunText(record.RunKey) is not { } run)
        {
            Add(new(segment, offset, null, null, "the record has an unknown kind or names no run."));
        }
        else if (!_dropped.Contains(record.RunKey))
        {
            Event(segment, offset, record, run);
        }

        return null;
    }

    private void Event(uint segment, long offset, RecordView record, string run)
    {
        if (!_runs.TryGetValue(record.RunKey, out var progress))
        {
            _runs[record.RunKey] = progress = new();
        }

        var chains = progress.Chains;
        if (record.Seq > chains.Count)
        {
            Add(new(segment, offset, run, record.Seq, $"records {chains.Count} to {record.Seq - 1} of the run are missing before it."));
            while (chains.Count < record.Seq && chains.Count < int.MaxValue / 64)
            {
                chains.Add(default);
            }

            progress.ChainUnknown = true;
        }
        else if (record.Seq < chains.Count)
        {
            Add(new(segment, offset, run, record.Seq, $"the record is out of order or doubled: the run has {chains.Count} records before it."));
            return;
        }

        var previous = chains.Count == 0 ? default : chains[^1];
        if (!progress.ChainUnknown && record.ChainAfter(previous) != record.Chain)
        {
            Add(new(segment, offset, run, record.Seq, "the record does not follow the one before it in the hash chain: it was edited or exchanged."));
        }

        progress.ChainUnknown = false;
        chains.Add(record.Chain);
    }

    private void Segment(uint number, bool last)
    {
        using var file = disk.Open(layout.Segment(number), DiskOpen.Read);
        var bytes = LogLoader.ReadFrom(file, 0);
        var (damage, unborn) = LogLoader.CheckHeader(bytes, number, _broken ? null : _tail, last, out var header);
        if (unborn)
        {
            _torn = true;
            return;
        }

        if (damage is not null)
        {
            Add(damage);
            _broken = true;
            if (header.Number != number || damage.Newer)
            {
                // Without its header a segment's commits cannot be told from quoted ones.
                _tail = _tail with { Header = _tail.Header with { Number = number } };
                return;
            }
        }

        Commits(bytes, header, last);
    }

    private void Commits(byte[] bytes, SegmentHeader header, bool last)
    {
        var (at, next) = ((long)SegmentHeader.Bytes, header.FirstCommit);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var scan = SegmentScanner.Scan(bytes.AsSpan((int)at), at, header, next, this);
            _tail = new(header, scan.End, header.IsRewritten ? header.NextCommit : scan.NextCommit);
            if (scan.Damage is null)
            {
                if (header.IsRewritten && LogLoader.RewrittenDamage(header, scan) is { } cut)
                {
                    Add(cut);
                }

                return;
            }

            var later = SegmentScanner.FindLater(bytes.AsSpan((int)scan.End), scan.End, header, scan.NextCommit);
            if (later < 0 && last && !scan.Damage.Newer && !header.IsRewritten)
            {
                _torn = true;
                return;
            }

            Add(scan.Damage);
            _broken = true;
            if (later < 0)
            {
                return;
            }

            _ = CommitHeader.TryRead(bytes.AsSpan((int)later), out var commit);
            (at, next) = (later, commit.Number);
        }
    }

    private void Add(LogDamage damage)
    {
        if (findings.Count <= JournalVerifier.MaxFindings)
        {
            findings.Add(new($"segment {StateLayout.SegmentName(damage.Segment)}, offset {damage.Offset}", damage.Run, damage.Seq, damage.Reason));
        }
    }
}
