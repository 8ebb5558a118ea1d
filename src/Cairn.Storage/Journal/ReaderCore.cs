namespace Cairn.Storage;

/// <summary>Reads a state directory beside whoever writes to it: takes no lock, changes nothing, bears a growing tail.</summary>
internal sealed class ReaderCore : IStoreCore
{
    private const int Attempts = 4;

    private readonly IDisk _disk;
    private readonly StateLayout _layout;
    private readonly object _gate = new();
    private readonly LargeBlobs _large;
    private LogIndex _index = new();
    private LogReader _reader;
    private LogTail _tail;
    private byte[] _lastHeader = [];
    private long _lastCommit;

    public ReaderCore(IDisk disk, StateLayout layout)
    {
        (_disk, _layout) = (disk, layout);
        _large = new(disk, layout);
        _reader = new(disk, layout);
        Reload();
    }

    public ValueTask<IReadOnlyList<JournalRecord>> AppendAsync(
        RunId run, long expectedSeq, IReadOnlyList<RunEvent> events, CancellationToken cancellationToken) =>
        throw new InvalidOperationException($"The state directory {_layout.Root} is open to read only.");

    public BlobHash Put(ReadOnlySpan<byte> body) =>
        throw new InvalidOperationException($"The state directory {_layout.Root} is open to read only.");

    public void Read(RunId run, long fromSeq, LogReader.Taker take)
    {
        var taken = false;
        _ = Again(
            () =>
            {
                JournalView.ReadRaw(_index, _gate, _reader, run, fromSeq, (record, place) =>
                {
                    taken = true;
                    take(record, place);
                });
                return true;
            },
            () => !taken);
    }

    public IReadOnlyList<JournalRecord> Read(RunId run, long fromSeq) =>
        Again(() => JournalView.Read(_index, _gate, _reader, run, fromSeq, _layout.Root), () => true);

    public IReadOnlyList<RunHead> Runs() => JournalView.Heads(_index, _gate);

    public byte[]? TryGet(BlobHash hash) => Again(() => Find(hash), () => true);

    // The writer may have collected since the log was read here: then records lie elsewhere.
    private T Again<T>(Func<T> read, Func<bool> mayRepeat)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or FileNotFoundException && mayRepeat())
        {
            Reload();
            return read();
        }
    }

    private byte[]? Find(BlobHash hash)
    {
        LogPlace place;
        bool found;
        lock (_gate)
        {
            found = _index.TryFindBlob(hash, out place);
        }

        return found ? _reader.ReadBlob(place, hash) : _large.TryGet(hash);
    }

    public void Flush()
    {
        // There is nothing of ours to flush.
    }

    /// <summary>Reads what came since; all of it again when the writer took back a commit that was seen here.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            if (_tail.Header.Number == 0 || !_lastHeader.AsSpan().SequenceEqual(HeaderAt(_tail.Header.Number, _lastCommit)))
            {
                Reload();
                return;
            }

            try
            {
                Take(new LogLoader(_disk, _layout, new IndexBuilder(_index)).Continue(_tail, _lastCommit));
            }
            catch (Exception e) when (e is InvalidDataException or FileNotFoundException)
            {
                Reload();
            }
        }
    }

    public void Dispose() => _reader.Dispose();

    // A segment that is written while it is copied can look damaged; what is really damaged stays so.
    private void Reload()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var anchors = HeadAnchors.Read(_disk, _layout);
                var index = new LogIndex();
                index.Drop(anchors?.Dropped ?? []);
                var found = new LogLoader(_disk, _layout, new IndexBuilder(index)).LoadAll();
                var reader = new LogReader(_disk, _layout);
                lock (_gate)
                {
                    (_index, var old) = (index, _reader);
                    _reader = reader;
                    old.Dispose();
                    Take(found);
                }

                Check(anchors, found);
                return;
            }
            catch (Exception e) when (attempt < Attempts && e is InvalidDataException or FileNotFoundException)
            {
                // Read once more.
            }
        }
    }

    private void Take(LogLoader.Result found)
    {
        (_tail, _lastCommit) = (found.Tail, found.LastCommit);
        _lastHeader = _tail.Header.Number == 0 ? [] : HeaderAt(_tail.Header.Number, _lastCommit);
    }

    private byte[] HeaderAt(uint segment, long offset)
    {
        var bytes = new byte[CommitHeader.Bytes];
        if (!_disk.Exists(_layout.Segment(segment)))
        {
            return [];
        }

        using var file = _disk.Open(_layout.Segment(segment), DiskOpen.Read);
        return bytes[..file.Read(offset, bytes)];
    }

    // The anchors were read before the log and are never ahead of it. That it grew since they were written is no finding
    // here: another process may have opened it in the meantime.
    private void Check(HeadAnchors? anchors, LogLoader.Result found)
    {
        if (anchors is null)
        {
            return;
        }

        var problem = AnchorCheck.Compare(anchors with { Clean = false }, found.Tail, false, Count, ChainAt).FirstOrDefault();
        if (problem is not null)
        {
            throw problem.ToException(_layout.Root);
        }

        long Count(string run) => _index.Find(RecordView.KeyOf(RunId.Parse(run)))?.Places.Count ?? 0;

        BlobHash ChainAt(string run, long seq) => _reader.ReadChain(_index.Find(RecordView.KeyOf(RunId.Parse(run)))!, seq);
    }
}
