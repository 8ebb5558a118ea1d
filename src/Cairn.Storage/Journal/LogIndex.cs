namespace Cairn.Storage;

/// <summary>Where everything durable lies. Not thread safe.</summary>
internal sealed class LogIndex
{
    private readonly Dictionary<UInt128, RunState> _runs = [];
    private readonly List<RunState> _order = [];
    private readonly Dictionary<BlobHash, LogPlace> _blobs = [];
    private readonly Dictionary<UInt128, string> _dropped = [];
    private readonly HashSet<uint> _remnants = [];

    /// <summary>The runs that have records, in the order of their first one.</summary>
    public IReadOnlyList<RunState> Runs => _order;

    public RunState? Find(UInt128 key) => _runs.GetValueOrDefault(key);

    /// <exception cref="JournalConflictException">When a collection is about to remove the run, or has just done so.</exception>
    public RunState FindOrAdd(RunId run, UInt128 key)
    {
        if (_dropped.ContainsKey(key))
        {
            throw new JournalConflictException($"The run {run} was removed from this state directory.");
        }

        if (!_runs.TryGetValue(key, out var state))
        {
            _runs[key] = state = new(run, key);
        }

        return state;
    }

    public void AddEvent(RunState run, LogPlace place, long time, BlobHash chain)
    {
        if (run.Places.Count == 0)
        {
            _order.Add(run);
        }

        run.Add(place, time, chain);
    }

    /// <summary>Forgets a run that never came to have a record.</summary>
    public void DropIfEmpty(RunState run)
    {
        if (run.Places.Count == 0)
        {
            _runs.Remove(run.Key);
        }
    }

    /// <summary>Runs that are removed, whose records may still lie in the log.</summary>
    public IReadOnlyCollection<string> Dropped => _dropped.Values;

    /// <summary>Segments that hold records of dropped runs.</summary>
    public IReadOnlyCollection<uint> Remnants => _remnants;

    /// <summary>Told of each body that is put although it is here already.</summary>
    public BodyAges? Ages { get; set; }

    public bool IsDropped(UInt128 key) => _dropped.ContainsKey(key);

    /// <summary>No record of these runs may be appended, nor counts when it is read.</summary>
    public void Drop(IEnumerable<string> runs)
    {
        foreach (var run in runs)
        {
            _dropped[RecordView.KeyOf(RunId.Parse(run))] = run;
        }
    }

    /// <summary>A dropped run's record lies in that segment.</summary>
    public void AddRemnant(uint segment) => _remnants.Add(segment);

    /// <summary>Forgets the records of dropped runs, and remembers where they lie.</summary>
    public void ForgetDropped()
    {
        foreach (var run in _order.Where(run => _dropped.ContainsKey(run.Key)))
        {
            _remnants.UnionWith(run.Places.Select(place => place.Segment));
            _runs.Remove(run.Key);
        }

        _order.RemoveAll(run => _dropped.ContainsKey(run.Key));
    }

    /// <summary>Takes the drop of runs back, or ends it when nothing of them is left.</summary>
    public void EndDrop(IEnumerable<UInt128> runs)
    {
        foreach (var key in runs)
        {
            _dropped.Remove(key);
        }
    }

    /// <summary>A segment was rewritten without remnants; what stayed lies elsewhere in it.</summary>
    public void Relocate(uint segment, SegmentRewriter.Relocations moved)
    {
        _remnants.Remove(segment);
        foreach (var (key, seq, place) in moved.Events)
        {
            _runs[key].Places[(int)seq] = place;
        }

        foreach (var (hash, place) in moved.Blobs)
        {
            _blobs[hash] = place;
        }
    }

    /// <summary>Every body in the log.</summary>
    public IEnumerable<KeyValuePair<BlobHash, LogPlace>> Blobs => _blobs;

    public void RemoveBlob(BlobHash hash) => _blobs.Remove(hash);

    /// <summary>True when a body need not be written again; it is as young as if it had been.</summary>
    public bool Reuse(BlobHash hash)
    {
        if (!_blobs.ContainsKey(hash))
        {
            return false;
        }

        Ages?.Touch(hash);
        return true;
    }

    public void AddBlob(BlobHash hash, LogPlace place) => _blobs.TryAdd(hash, place);

    public bool TryFindBlob(BlobHash hash, out LogPlace place) => _blobs.TryGetValue(hash, out place);
}
