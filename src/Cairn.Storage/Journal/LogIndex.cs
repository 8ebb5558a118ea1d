namespace Cairn.Storage;

/// <summary>Where everything durable lies. Not thread safe.</summary>
internal sealed class LogIndex
{
    private readonly Dictionary<UInt128, RunState> _runs = [];
    private readonly List<RunState> _order = [];
    private readonly Dictionary<BlobHash, LogPlace> _blobs = [];

    /// <summary>The runs that have records, in the order of their first one.</summary>
    public IReadOnlyList<RunState> Runs => _order;

    public RunState? Find(UInt128 key) => _runs.GetValueOrDefault(key);

    public RunState FindOrAdd(RunId run, UInt128 key)
    {
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

    public void AddBlob(BlobHash hash, LogPlace place) => _blobs.TryAdd(hash, place);

    public bool TryFindBlob(BlobHash hash, out LogPlace place) => _blobs.TryGetValue(hash, out place);
}
