namespace Cairn.Storage;

/// <summary>
/// The end of the log: writes batches one after another, rolls over to the next segment, and takes back what failed. Only
/// one caller at a time. Once a sync has failed it writes no more: the kernel forgets which pages a failed sync left
/// unwritten, so a second sync that succeeds proves nothing.
/// </summary>
internal sealed class LogWriter : IDisposable
{
    private readonly IDisk _disk;
    private readonly StateLayout _layout;
    private readonly StateStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly byte[] _zeros;
    private IDiskFile? _file;
    private SegmentHeader _header;
    private long _end;
    private long _allocated;
    private ulong _nextCommit;
    private bool _sealed;

    /// <param name="disk">The disk.</param>
    /// <param name="layout">The directory.</param>
    /// <param name="options">The limits.</param>
    /// <param name="time">For the segments' headers.</param>
    /// <param name="tail">Where the log ends.</param>
    public LogWriter(IDisk disk, StateLayout layout, StateStoreOptions options, TimeProvider time, LogTail tail)
    {
        (_disk, _layout, _options, _time) = (disk, layout, options, time);
        _zeros = new byte[Math.Min(options.ZeroFillBytes, options.SegmentBytes)];
        (_header, _end, _nextCommit) = (tail.Header, tail.End, tail.NextCommit);
        if (tail.Header.Number > 0)
        {
            _file = disk.Open(layout.Segment(tail.Header.Number), DiskOpen.ReadWrite);
            _allocated = _file.Length;
            _sealed = tail.Header.IsRewritten;
        }
    }

    /// <summary>No more commits: what became of the last one is not known.</summary>
    public bool Broken { get; private set; }

    /// <summary>A roll-over failed half way: a segment that nobody counts may lie there until the next one succeeds.</summary>
    public bool RollingOver { get; private set; }

    public LogTail Tail => new(_header, _end, _nextCommit);

    /// <summary>Writes and syncs a batch; returns where it lies.</summary>
    public LogPlace Write(CommitBatch batch, out bool rolled)
    {
        rolled = _file is null || _sealed || (_end > SegmentHeader.Bytes && _end + batch.Length > _options.SegmentBytes);
        if (rolled)
        {
            Roll();
        }

        var bytes = batch.Finish(_header.Salt, _end, _nextCommit);
        try
        {
            ZeroFill(_end + bytes.Length);
            _file!.Write(_end, bytes);
        }
        catch (IOException)
        {
            CutBack();
            throw;
        }

        SyncOrBreak(_file);
        var place = new LogPlace(_header.Number, _end);
        _end += bytes.Length;
        _allocated = Math.Max(_allocated, _end);
        _nextCommit++;
        return place;
    }

    /// <summary>Ends the last segment, when it holds anything, so that all that was written so far never changes any more.</summary>
    public void RollOver()
    {
        if (_file is not null && (_sealed || _end > SegmentHeader.Bytes))
        {
            Roll();
        }
    }

    /// <summary>Gives the zeros at the end back to the file system; for a clean close.</summary>
    public void Trim()
    {
        if (_file is not null && _allocated > _end && !Broken)
        {
            _file.SetLength(_end);
            SyncOrBreak(_file);
            _allocated = _end;
        }
    }

    public void Dispose() => _file?.Dispose();

    // One write of many zeros now saves each of the next commits a change of the file's size and block map.
    private void ZeroFill(long needed)
    {
        if (needed <= _allocated || _zeros.Length == 0)
        {
            return;
        }

        var room = (int)Math.Clamp(_options.SegmentBytes - _allocated, 0, _zeros.Length);
        if (_allocated + room < needed)
        {
            return;
        }

        try
        {
            _file!.Write(_allocated, _zeros.AsSpan(0, room));
            _allocated += room;
        }
        catch (IOException e) when (DiskErrors.IsFull(e))
        {
            // The commit itself may still fit.
        }
    }

    private void Roll()
    {
        if (_file is not null && !_sealed)
        {
            Trim();
            _sealed = true;
        }

        RollingOver = true;

        var header = new SegmentHeader(
            RecordView.CurrentFormat, _header.Number + 1, _options.NewSalt(), _nextCommit, _file is null ? 0 : _end, LogTime.Of(_time.GetUtcNow()));
        var path = _layout.Segment(header.Number);
        Span<byte> bytes = stackalloc byte[SegmentHeader.Bytes];
        header.Write(bytes);

        // An attempt that failed half way may have left the file.
        var file = _disk.Open(path, DiskOpen.ReadWrite);
        try
        {
            file.SetLength(0);
            file.Write(0, bytes);
            SyncOrBreak(file);
            SyncDirectoryOrBreak();
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _file?.Dispose();
        (_file, _header, _end, _allocated, _sealed) = (file, header, SegmentHeader.Bytes, SegmentHeader.Bytes, false);
        RollingOver = false;
    }

    private void CutBack()
    {
        try
        {
            _file!.SetLength(_end);
            _file.Sync();
            _allocated = _end;
        }
        catch (IOException)
        {
            Broken = true;
        }
    }

    private void SyncOrBreak(IDiskFile file)
    {
        try
        {
            file.Sync();
        }
        catch (IOException)
        {
            Broken = true;
            DropUnsynced(file);
            throw;
        }
    }

    private void SyncDirectoryOrBreak()
    {
        try
        {
            _disk.SyncDirectory(_layout.Journal);
        }
        catch (IOException)
        {
            Broken = true;
            throw;
        }
    }

    // The page cache still holds the batch; a reader or a reopening writer must not take it for durable.
    private void DropUnsynced(IDiskFile file)
    {
        try
        {
            if (file == _file)
            {
                file.SetLength(_end);
            }
        }
        catch (IOException)
        {
        }
    }
}
