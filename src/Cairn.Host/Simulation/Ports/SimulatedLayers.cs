using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sandbox;

namespace Cairn.Host.Simulation;

/// <summary>The layers of a simulated machine, as one process holds them.</summary>
internal sealed class SimulatedLayers(SimulatedMachine machine, IBlobStore blobs) : ILayerStore
{
    /// <summary>How long a layer may wait for the record that names it.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    private SimulatedFiles Files => machine.Files;

    public IWorkspace Open(RunId run, string repository, LayerId? top)
    {
        machine.ThrowIfDead();
        if (machine.Plant == Plant.NewestLayerOpened)
        {
            top = Files.Layers.Keys.Where(l => l.Value.StartsWith(run.Value + ".", StringComparison.Ordinal))
                .OrderByDescending(l => long.Parse(l.Value[(run.Value.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture))
                .Select(l => (LayerId?)l).FirstOrDefault() ?? top;
        }

        return new SimulatedWorkspace(machine, blobs, run, repository, top);
    }

    public LayerChanges Changes(LayerId layer) => Files.Layers.TryGetValue(layer, out var found)
        ? found.Changes
        : throw new WorkspaceException(FileProblem.NotFound, $"There is no layer {layer}.");

    public ImmutableArray<PathChange> NetChanges(LayerId? top, LayerId? above)
    {
        var net = new SortedDictionary<string, PathChange>(StringComparer.Ordinal);
        for (var layer = top; layer is { } at && at != above; layer = Changes(at).Parent)
        {
            foreach (var change in Changes(at).Changes)
            {
                net[change.Path] = net.TryGetValue(change.Path, out var later) ? Join(change, later) : change;
            }
        }

        return [.. net.Values.Where(c => c.Before != c.After || c.BeforeMode != c.AfterMode)];
    }

    public byte[] Content(BlobHash hash) => blobs.Get(hash);

    public MergePlan PlanMerge(string repository, LayerId? top)
    {
        machine.ThrowIfDead();
        var changes = ImmutableArray.CreateBuilder<PathChange>();
        var conflicts = ImmutableArray.CreateBuilder<MergeConflict>();
        foreach (var change in NetChanges(top, null))
        {
            var now = Files.Repository.GetValueOrDefault(change.Path)?.Hash ?? default;
            if (now == change.Before)
            {
                changes.Add(change);
            }
            else if (now != change.After)
            {
                conflicts.Add(new(change.Path, "both sides changed it", change.Before, now, change.After));
            }
        }

        return new(repository, top, changes.ToImmutable(), conflicts.ToImmutable(), []);
    }

    public void ApplyMerge(MergePlan plan)
    {
        machine.ThrowIfDead();
        var todo = new List<PathChange>();
        foreach (var change in plan.Changes)
        {
            var now = Files.Repository.GetValueOrDefault(change.Path)?.Hash ?? default;
            if (now == change.Before)
            {
                todo.Add(change);
            }
            else if (now != change.After || machine.Plant == Plant.MergeNotRepeatable)
            {
                throw new WorkspaceException(FileProblem.Changed, $"{change.Path} changed since the merge was planned. Nothing was changed.");
            }
        }

        var contents = todo.Select(c => c.Change == ChangeKind.Deleted || c.Kind == EntryKind.Directory ? [] : Content(c.After)).ToList();
        for (var i = 0; i < todo.Count; i++)
        {
            var (change, bytes) = (todo[i], contents[i]);
            machine.Effect(() => Files.Replace(
                change.Path, change.Change == ChangeKind.Deleted ? null : new(change.Kind, bytes, change.AfterMode)));
        }

        if (machine.Plant != Plant.MergeNotSynced)
        {
            machine.Effect(Files.Sync);
        }
    }

    /// <summary>As the real store's: a layer that this process froze lately stays, and goes only after those that stand on it.</summary>
    public LayersReclaimed Collect(
        Func<IEnumerable<LayerId>> reachable, bool dryRun, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        machine.ThrowIfDead();
        var listed = Files.Layers.Keys.ToList();
        var young = listed.Where(id => machine.Plant != Plant.YoungLayersCollected
            && Files.Born.TryGetValue(id, out var born) && machine.Time.GetElapsedTime(born) < Grace);
        var live = new HashSet<LayerId>();
        foreach (var top in reachable().Concat(young).ToList())
        {
            for (LayerId? at = top; at is { } id && live.Add(id);)
            {
                at = Files.Layers.TryGetValue(id, out var layer) ? layer.Changes.Parent : null;
            }
        }

        var dead = listed.Where(id => !live.Contains(id)).OrderByDescending(id => Depth(id)).ToList();
        foreach (var id in dryRun ? [] : dead)
        {
            machine.Effect(() => Files.Layers.Remove(id));
        }

        return new(dead.Count, 0, 0, 0, [.. listed.Where(live.Contains)]);
    }

    /// <summary>The contents that a layer names.</summary>
    public IEnumerable<BlobHash> Contents(LayerId layer) =>
        Changes(layer).Changes.SelectMany(change => new[] { change.Before, change.After }).Where(hash => !hash.IsNone);

    public Task<IReadOnlyList<SandboxFact>> ProbeAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<SandboxFact>>([]);

    private int Depth(LayerId id) => Files.Layers[id].Changes.Parent is { } parent && Files.Layers.ContainsKey(parent) ? 1 + Depth(parent) : 0;

    private static PathChange Join(PathChange earlier, PathChange later) => later with
    {
        Before = earlier.Before,
        BeforeMode = earlier.BeforeMode,
        Change = earlier.Change == ChangeKind.Added && later.Change != ChangeKind.Deleted ? ChangeKind.Added : later.Change,
    };
}
