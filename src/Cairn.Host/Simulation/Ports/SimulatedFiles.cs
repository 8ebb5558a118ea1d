using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Host.Simulation;

/// <summary>One entry of a simulated tree.</summary>
internal sealed record SimulatedEntry(EntryKind Kind, byte[] Bytes, int Mode)
{
    public BlobHash Hash => Kind == EntryKind.Directory ? default : BlobHash.Of(Bytes);
}

/// <summary>
/// Repository and layers of a simulated machine. A frozen layer is durable; an open layer may be there in part after a
/// crash; a file that a merge put in place may be lost until its directory was synced.
/// </summary>
internal sealed class SimulatedFiles
{
    public static readonly ImmutableSortedDictionary<string, SimulatedEntry> Empty =
        ImmutableSortedDictionary.Create<string, SimulatedEntry>(StringComparer.Ordinal);

    private readonly List<(string Path, SimulatedEntry? Before)> _unsynced = [];
    private readonly List<LayerId> _unsyncedLayers = [];

    /// <summary>The repository as a reader sees it.</summary>
    public ImmutableSortedDictionary<string, SimulatedEntry> Repository { get; set; } = Empty;

    /// <summary>Frozen layers: the whole view with them on top, and what they changed.</summary>
    public Dictionary<LayerId, (ImmutableSortedDictionary<string, SimulatedEntry> View, LayerChanges Changes)> Layers { get; } = [];

    /// <summary>When this process froze its layers, by its clock's time stamps.</summary>
    public Dictionary<LayerId, long> Born { get; } = [];

    /// <summary>What lies in the open layers, as far as somebody who does not drop them would see it.</summary>
    public Dictionary<RunId, ImmutableSortedDictionary<string, SimulatedEntry>> Open { get; } = [];

    /// <summary>Puts one path of a merge in place; not durable yet.</summary>
    public void Replace(string path, SimulatedEntry? entry)
    {
        _unsynced.Add((path, Repository.GetValueOrDefault(path)));
        Repository = entry is null ? Repository.Remove(path) : Repository.SetItem(path, entry);
    }

    /// <summary>Makes durable what was replaced.</summary>
    public void Sync() => _unsynced.Clear();

    /// <summary>A layer that a crash still takes away: only a planted bug makes such.</summary>
    public void LeaveUnsynced(LayerId layer) => _unsyncedLayers.Add(layer);

    /// <summary>The power failed: what was not synced is kept or lost, each by itself.</summary>
    public void Crash(Random random)
    {
        // From the newest back, so that a path that was replaced twice ends with one of the states that it had.
        for (var i = _unsynced.Count - 1; i >= 0; i--)
        {
            var (path, before) = _unsynced[i];
            if (random.Next(2) == 0)
            {
                Repository = before is null ? Repository.Remove(path) : Repository.SetItem(path, before);
            }
        }

        _unsynced.Clear();
        foreach (var layer in _unsyncedLayers.Where(_ => random.Next(2) == 0))
        {
            Layers.Remove(layer);
        }

        _unsyncedLayers.Clear();
    }
}
