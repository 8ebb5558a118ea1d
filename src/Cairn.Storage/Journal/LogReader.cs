namespace Cairn.Storage;

/// <summary>Reads single records by their place. Thread safe; keeps a limited number of segments open.</summary>
internal sealed class LogReader(IDisk disk, StateLayout layout) : IDisposable
{
    private const int MaxOpenSegments = 64;
    private const int WindowBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<uint, IDiskFile> _files = [];
    private byte[] _window = new byte[WindowBytes];
    private uint _windowSegment;
    private long _windowStart;
    private int _windowLength;

    /// <summary>Held while places are looked up and read, and while a rewritten segment takes the place of the old one.</summary>
    public Lock Gate => _gate;

    /// <summary>Closes a segment whose file was replaced.</summary>
    public void Forget(uint segment)
    {
        lock (_gate)
        {
            if (_files.Remove(segment, out var file))
            {
                file.Dispose();
            }
        }
    }

    /// <summary>Reads a run's records and checks each: checksum, place in the run, chain.</summary>
    /// <param name="run">The run's id and key.</param>
    /// <param name="places">Where the records lie.</param>
    /// <param name="fromSeq">The seq of the first of them.</param>
    /// <param name="previous">The place of the record before them; null for the run's start.</param>
    /// <param name="take">Gets each record.</param>
    public void ReadEvents(RunState run, IReadOnlyList<LogPlace> places, long fromSeq, LogPlace? previous, Taker take)
    {
        lock (_gate)
        {
            _windowLength = 0;
            var chain = previous is { } before ? Load(before, run, fromSeq - 1).Chain : default;
            for (var i = 0; i < places.Count; i++)
            {
                var record = Load(places[i], run, fromSeq + i);
                if (record.Chain != record.ChainAfter(chain))
                {
                    throw Damaged(places[i], run, fromSeq + i, "the record does not follow the one before it: it was edited or exchanged.");
                }

                chain = record.Chain;
                take(record, places[i]);
            }
        }
    }

    /// <summary>The chain value of one record of a run.</summary>
    public BlobHash ReadChain(RunState run, long seq)
    {
        lock (_gate)
        {
            _windowLength = 0;
            return Load(run.Places[(int)seq], run, seq).Chain;
        }
    }

    /// <summary>Reads a body and checks its hash.</summary>
    public byte[] ReadBlob(LogPlace place, BlobHash hash)
    {
        lock (_gate)
        {
            _windowLength = 0;
            var bytes = Bytes(place);
            if (!RecordView.TryRead(bytes, out var record) || record.Kind != RecordKind.Blob || BlobHash.Of(record.Payload) != hash)
            {
                throw new InvalidDataException(
                    $"The body {hash} in {layout.Root} is damaged ({new LogDamage(place.Segment, place.Offset, null, null, "").Place}).");
            }

            return record.Payload.ToArray();
        }
    }

    /// <summary>Forgets open files: the log may have been cut.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var file in _files.Values)
            {
                file.Dispose();
            }

            _files.Clear();
        }
    }

    public delegate void Taker(RecordView record, LogPlace place);

    private RecordView Load(LogPlace place, RunState run, long seq)
    {
        if (!RecordView.TryRead(Bytes(place), out var record))
        {
            throw Damaged(place, run, seq, "the record does not match its checksum.");
        }

        return record.Kind == RecordKind.Event && record.RunKey == run.Key && record.Seq == seq
            ? record
            : throw Damaged(place, run, seq, "another record stands there.");
    }

    private InvalidDataException Damaged(LogPlace place, RunState run, long seq, string reason) =>
        new LogDamage(place.Segment, place.Offset, run.Run.Value, seq, reason).ToException(layout.Root);

    // Records of one run often lie near each other, so one read of a window serves many.
    private ReadOnlySpan<byte> Bytes(LogPlace place)
    {
        var held = Held(place);
        if (!RecordView.TryReadLength(held, out var length) || held.Length < length)
        {
            if (_window.Length > WindowBytes && length <= WindowBytes)
            {
                _window = new byte[WindowBytes];
            }
            else if (_window.Length < length)
            {
                _window = new byte[length];
            }

            Fill(place);
            held = Held(place);
            if (RecordView.TryReadLength(held, out length) && length > _window.Length)
            {
                _window = new byte[length];
                Fill(place);
                held = Held(place);
            }
        }

        return held;
    }

    private void Fill(LogPlace place)
    {
        (_windowSegment, _windowStart) = (place.Segment, place.Offset);
        _windowLength = Open(place.Segment).Read(place.Offset, _window);
    }

    private ReadOnlySpan<byte> Held(LogPlace place)
    {
        var skip = place.Offset - _windowStart;
        return place.Segment == _windowSegment && skip >= 0 && skip < _windowLength
            ? _window.AsSpan((int)skip, _windowLength - (int)skip)
            : [];
    }

    private IDiskFile Open(uint segment)
    {
        if (!_files.TryGetValue(segment, out var file))
        {
            if (_files.Count >= MaxOpenSegments)
            {
                foreach (var (number, oldest) in _files.Take(1).ToArray())
                {
                    oldest.Dispose();
                    _files.Remove(number);
                }
            }

            _files[segment] = file = disk.Open(layout.Segment(segment), DiskOpen.Read);
        }

        return file;
    }
}
