namespace Cairn.Storage;

/// <summary>
/// Tells bodies that may still get their first record from old ones. A new body is known by its place in the log: behind
/// where the log ended some time ago. One that was put again although it was here is remembered by its hash. Thread safe.
/// </summary>
internal sealed class BodyAges
{
    /// <summary>Bodies that were put again, at most; beyond that every body counts as young for a while.</summary>
    public const int MaxTouched = 1 << 18;

    private const int MarksPerGrace = 64;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly long _grace;
    private readonly Dictionary<BlobHash, long> _touched = [];
    private readonly List<(long Time, LogPlace End)> _marks;
    private long _overflowed = long.MinValue;
    private long _heldSince = long.MaxValue;

    /// <param name="time">The clock.</param>
    /// <param name="grace">How long a body is young.</param>
    /// <param name="end">Where the log ends now: no body before it belongs to anything that goes on in this process.</param>
    public BodyAges(TimeProvider time, TimeSpan grace, LogPlace end)
    {
        (_time, _grace) = (time, (long)(grace.TotalSeconds * time.TimestampFrequency));
        _marks = [(long.MinValue, end)];
    }

    /// <summary>What counts as young for one collection.</summary>
    /// <param name="Since">Put again at this time or later.</param>
    /// <param name="Floor">Written at this place or later.</param>
    public readonly record struct Horizon(long Since, LogPlace Floor);

    /// <summary>A body was put that is here already.</summary>
    public void Touch(BlobHash hash)
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            _touched[hash] = now;
            if (_touched.Count <= MaxTouched)
            {
                return;
            }

            var oldest = Math.Min(now - _grace, _heldSince);
            foreach (var old in _touched.Where(entry => entry.Value < oldest).Select(entry => entry.Key).ToArray())
            {
                _touched.Remove(old);
            }

            if (_touched.Count > MaxTouched / 2)
            {
                _overflowed = now;
                _touched.Clear();
            }
        }
    }

    /// <summary>The log has grown.</summary>
    public void Grew(LogPlace end)
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            if (_marks.Count > 1 && now - _marks[^1].Time < _grace / MarksPerGrace)
            {
                return;
            }

            _marks.Add((now, end));
            while (_marks.Count > 1 && _marks[1].Time <= now - _grace)
            {
                _marks.RemoveAt(0);
            }
        }
    }

    /// <summary>A segment was rewritten: offsets in it mean nothing any more, so all of it counts as young as its oldest mark.</summary>
    public void Rewritten(uint segment)
    {
        lock (_gate)
        {
            for (var i = 0; i < _marks.Count; i++)
            {
                if (_marks[i].End.Segment == segment)
                {
                    _marks[i] = (_marks[i].Time, new(segment, 0));
                }
            }
        }
    }

    /// <summary>What is young now; remembered until <see cref="Release"/>.</summary>
    public Horizon Hold()
    {
        lock (_gate)
        {
            _heldSince = _time.GetTimestamp() - _grace;
            return new(_heldSince, _marks.Last(mark => mark.Time == long.MinValue || mark.Time <= _heldSince).End);
        }
    }

    /// <summary>The collection is over.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _heldSince = long.MaxValue;
        }
    }

    public bool IsYoung(BlobHash hash, LogPlace place, Horizon horizon)
    {
        lock (_gate)
        {
            return _overflowed >= horizon.Since
                || !place.IsBefore(horizon.Floor)
                || (_touched.TryGetValue(hash, out var time) && time >= horizon.Since);
        }
    }
}
