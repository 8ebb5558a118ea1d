namespace Cairn.Storage;

/// <summary>The one writer of a state directory: opens, mends what a crash left, appends, anchors, closes.</summary>
internal sealed class WriterCore : IStoreCore
{
    private readonly IDisk _disk;
    private readonly StateLayout _layout;
    private readonly StateStoreOptions _options;
    private readonly IDisposable _lock;
    private readonly LogIndex _index = new();
    private readonly LogReader _reader;
    private readonly LogWriter _writer;
    private readonly CommitQueue _queue;
    private readonly LargeBlobs _large;
    private readonly BodyAges _ages;
    private int _collecting;
    private readonly List<RunState> _ended = [];
    private int _commitsSinceAnchor;
    private bool _disposed;

    public WriterCore(IDisk disk, StateLayout layout, TimeProvider time, StateStoreOptions options)
    {
        (_disk, _layout, _options) = (disk, layout, options);
        _reader = new(disk, layout);
        _large = new(disk, layout, time);
        _lock = TakeLock();
        try
        {
            _writer = new(disk, layout, options, time, Recover());
        }
        catch
        {
            _reader.Dispose();
            _lock.Dispose();
            throw;
        }

        _ages = new(time, options.CollectionGrace, End);
        _index.Ages = _ages;
        _queue = new(layout.Root, _index, _writer, time, options) { Committed = AfterCommit };
    }

    private LogPlace End => new(_writer.Tail.Header.Number, _writer.Tail.End);

    public LogCollector BeginCollection() => Interlocked.Exchange(ref _collecting, 1) == 0
        ? new(_disk, _layout, _index, _reader, _queue, _writer, _large, _ages, WriteAnchors,
            () => Volatile.Write(ref _collecting, 0))
        : throw new InvalidOperationException($"The state directory {_layout.Root} is being collected already.");

    public ValueTask<IReadOnlyList<JournalRecord>> AppendAsync(
        RunId run, long expectedSeq, IReadOnlyList<RunEvent> events, CancellationToken cancellationToken) =>
        _queue.AppendAsync(run, expectedSeq, events, cancellationToken);

    public void Read(RunId run, long fromSeq, LogReader.Taker take) => JournalView.ReadRaw(_index, _queue.Gate, _reader, run, fromSeq, take);

    public IReadOnlyList<JournalRecord> Read(RunId run, long fromSeq) =>
        JournalView.Read(_index, _queue.Gate, _reader, run, fromSeq, _layout.Root);

    public IReadOnlyList<LoggedRecord> ReadLog(long after, int most) =>
        LogOrder.Read(_index, _queue.Gate, _reader, after, most, _layout.Root);

    public IReadOnlyList<RunHead> Runs() => JournalView.Heads(_index, _queue.Gate);

    public BlobHash Put(ReadOnlySpan<byte> body)
    {
        var hash = BlobHash.Of(body);
        if (body.Length <= StateStoreOptions.SmallBodyBytes)
        {
            _queue.PutBlob(hash, body);
        }
        else
        {
            try
            {
                _large.Put(hash, body);
            }
            catch (IOException e)
            {
                throw DiskErrors.Explain(_layout.Root, e);
            }
        }

        return hash;
    }

    public byte[]? TryGet(BlobHash hash)
    {
        if (_queue.WaitingBlob(hash) is { } waiting)
        {
            return waiting;
        }

        // Before the index' gate: a collection must not move the body between the look-up and the reading.
        lock (_reader.Gate)
        {
            LogPlace place;
            lock (_queue.Gate)
            {
                _ = _index.TryFindBlob(hash, out place);
            }

            if (place != default)
            {
                return _reader.ReadBlob(place, hash);
            }
        }

        return _large.TryGet(hash);
    }

    public void Flush() => _queue.Flush();

    public void Refresh()
    {
        // A writer knows all that there is.
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        try
        {
            if (_queue.Failure is null)
            {
                _queue.Flush();
                _queue.WhileIdle(() =>
                {
                    _writer.Trim();
                    Anchors(clean: !_writer.RollingOver, _writer.Tail).Write(_disk, _layout);
                });
            }
        }
        catch (Exception e) when (e is IOException or SimulatedCrashException)
        {
            // All that was acknowledged is durable; the next open does without the clean end.
        }
        finally
        {
            _queue.Close(new ObjectDisposedException(nameof(StateStore)));
            _writer.Dispose();
            _reader.Dispose();
            _lock.Dispose();
        }
    }

    private IDisposable TakeLock()
    {
        // The anchors are made last: without them an earlier opening may have ended before the parent was synced.
        var fresh = !_disk.Exists(_layout.Heads);
        _disk.CreateDirectory(_layout.Root);
        if (_disk.TryLock(_layout.Lock) is not { } taken)
        {
            throw new StateDirectoryInUseException(_layout.Root, ReadHolder());
        }

        try
        {
            _disk.CreateDirectory(_layout.Journal);
            _disk.CreateDirectory(_layout.BlobScratch);
            _disk.SyncDirectory(_layout.Blobs);
            _disk.SyncDirectory(_layout.Root);
            if (fresh && Path.GetDirectoryName(_layout.Root) is { } parent)
            {
                SyncParent(parent);
            }

            return taken;
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    private void SyncParent(string parent)
    {
        const int AccessDenied = 13;
        try
        {
            _disk.SyncDirectory(parent);
        }
        catch (IOException e) when (e.HResult == AccessDenied)
        {
            // Whoever may not read the parent did not make the directory there either.
        }
    }

    private int? ReadHolder()
    {
        try
        {
            using var file = _disk.Open(_layout.Lock, DiskOpen.Read);
            Span<byte> text = stackalloc byte[16];
            return int.TryParse(text[..file.Read(0, text)].TrimEnd((byte)'\n'), out var id) ? id : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private LogTail Recover()
    {
        var anchors = ReadAnchors();
        _index.Drop(anchors?.Dropped ?? []);
        anchors = _options.Reanchor ? null : anchors;
        var found = new LogLoader(_disk, _layout, new IndexBuilder(_index), _options.AcceptTornRecords).LoadAll();
        var tail = found.Tail;
        if (!_options.Reanchor)
        {
            CheckAnchors(anchors, found);
        }

        if (found.Unborn > 0)
        {
            _disk.Delete(_layout.Segment(found.Unborn));
        }

        if (tail.Header.Number > 0)
        {
            MendTail(found);
        }

        foreach (var name in _disk.List(_layout.Journal).Where(name => name.EndsWith(StateLayout.ScratchEnd, StringComparison.Ordinal)))
        {
            _disk.Delete(Path.Combine(_layout.Journal, name));
        }

        _disk.SyncDirectory(_layout.Journal);
        _large.Sweep();
        if (_options.Reanchor)
        {
            // It speaks of what the log is allowed to have lost.
            _disk.Delete(_layout.RecentHeads);
            _disk.SyncDirectory(_layout.Root);
        }

        if (anchors is null or { Clean: true } or { HasRecent: true })
        {
            // Durable before the first commit: from here on the log may be longer than its anchors.
            Anchors(clean: false, tail).Write(_disk, _layout);
        }

        return tail;
    }

    private HeadAnchors? ReadAnchors()
    {
        try
        {
            return HeadAnchors.Read(_disk, _layout);
        }
        catch (InvalidDataException) when (_options.Reanchor)
        {
            return null;
        }
    }

    private void CheckAnchors(HeadAnchors? anchors, LogLoader.Result found)
    {
        if (anchors is null)
        {
            if (found.Tail.Header.Number > 0)
            {
                throw new InvalidDataException(
                    $"The anchor file {_layout.Heads} is missing, so nothing proves that the journal was not cut short. " +
                    "Look at `cairn journal verify`, then open it once with --reanchor.");
            }

            return;
        }

        var problem = AnchorCheck.Compare(anchors, found.Tail, found.Torn || found.Unborn > 0, Count, ChainAt).FirstOrDefault();
        if (problem is not null)
        {
            throw problem.ToException(_layout.Root);
        }

        long Count(string run) => _index.Find(RecordView.KeyOf(RunId.Parse(run)))?.Places.Count ?? 0;

        BlobHash ChainAt(string run, long seq) => _reader.ReadChain(_index.Find(RecordView.KeyOf(RunId.Parse(run)))!, seq);
    }

    // Only the last commit can be in the page cache and not on the disk (a kill between write and sync, or a sync that
    // failed and left its pages marked clean). Written again it is dirty again, so this sync does not lie.
    private void MendTail(LogLoader.Result found)
    {
        using var file = _disk.Open(_layout.Segment(found.Tail.Header.Number), DiskOpen.ReadWrite);
        if (found.Torn)
        {
            file.SetLength(found.Tail.End);
        }

        var bytes = new byte[found.Tail.End - found.LastCommit];
        if (file.Read(found.LastCommit, bytes) == bytes.Length)
        {
            file.Write(found.LastCommit, bytes);
        }

        file.Sync();
    }

    private void AfterCommit(CommitBatch batch, bool rolled)
    {
        _ages.Grew(End);
        _ended.AddRange(batch.Ended);
        var all = rolled || ++_commitsSinceAnchor >= _options.AnchorCommits || _ended.Count > _options.RecentEnds;
        if (!all && batch.Ended.Count == 0)
        {
            return;
        }

        try
        {
            if (all)
            {
                WriteAnchors();
            }
            else
            {
                Anchors(clean: false, _writer.Tail, _ended).WriteRecent(_disk, _layout);
            }
        }
        catch (IOException)
        {
            // The commit is durable. Anchors that lag prove less, and are never wrong; the next commit tries again.
            _commitsSinceAnchor = _options.AnchorCommits;
        }
    }

    private void WriteAnchors()
    {
        Anchors(clean: false, _writer.Tail).Write(_disk, _layout);
        _ended.Clear();
        _commitsSinceAnchor = 0;
    }

    private HeadAnchors Anchors(bool clean, LogTail tail, IReadOnlyList<RunState>? runs = null)
    {
        // At opening there is no queue yet, and nobody else.
        lock (_queue?.Gate ?? this)
        {
            return new(clean, tail.Header.Number, tail.End, tail.NextCommit,
                [.. (runs ?? _index.Runs).Distinct().Where(run => !_index.IsDropped(run.Key)).Select(run => (run.Run.Value, (long)run.Places.Count, run.Chain))])
            {
                Dropped = [.. _index.Dropped],
            };
        }
    }
}
