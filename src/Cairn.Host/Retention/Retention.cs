using Cairn.Abstractions;
using Cairn.Sandbox;
using Cairn.Sdk;
using Cairn.Storage;

namespace Cairn.Host;

/// <summary>
/// Takes out of a state directory what nothing reaches: runs that need not be kept, then layers, then bodies. Runs of this
/// process go on meanwhile.
/// </summary>
/// <param name="services">The ports.</param>
/// <param name="control">The runs of this process.</param>
/// <param name="store">The state directory.</param>
/// <param name="collect">Collects layers: <see cref="LayerStore.Collect"/>.</param>
/// <param name="contents">The contents that a layer names: <see cref="LayerStore.Contents"/>.</param>
internal sealed class Retention(
    RunServices services, RunControl control, StateStore store, Retention.CollectLayers collect, Func<LayerId, IEnumerable<BlobHash>> contents)
{
    /// <summary>Runs that change while it is decided about them: how often the decision is made anew.</summary>
    private const int Attempts = 8;

    private readonly Dictionary<RunId, RunFacts> _facts = [];

    /// <summary>Collects layers; the first argument works out which ones are named.</summary>
    internal delegate LayersReclaimed CollectLayers(
        Func<IEnumerable<LayerId>> reachable, bool dryRun, IProgress<string>? progress, CancellationToken cancellationToken);

    /// <summary>Collects; one at a time.</summary>
    public async Task<CollectionReport> CollectAsync(CollectionRequest request, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        if (request.KeepDays < 0 || request.KeepLast < 0)
        {
            throw new UserException("What is to be kept cannot be less than nothing: --keep-days and --keep-last take 0 or more.");
        }

        // Begun first: whatever comes to be from here on stays.
        using var collection = store.BeginCollection();
        var removed = await RemoveAsync(collection, request, progress, cancellationToken);
        var gone = removed.Select(run => run.Head.Run).ToHashSet();
        var bodies = new HashSet<BlobHash>();
        var frozen = collect(() => Reachable(gone, bodies, progress, cancellationToken), request.DryRun, progress, cancellationToken);
        foreach (var layer in frozen.Kept)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bodies.UnionWith(contents(layer));
        }

        var stored = collection.Reclaim(bodies, request.DryRun, progress, cancellationToken);
        _facts.Clear();
        if (!request.DryRun)
        {
            services.Layers.Store(cancellationToken);
        }

        return new(
            request.DryRun, [.. gone.Select(run => run.Value)], stored.Records, stored.Bodies + stored.LargeBodies, frozen.Layers, frozen.Squashes,
            frozen.LeftOvers, stored.Segments, stored.LogBytes, stored.LargeBytes, frozen.Bytes);
    }

    private async Task<IReadOnlyList<RunFacts>> RemoveAsync(
        StoreCollection collection, CollectionRequest request, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            // Most of the reading is done here, so that forks wait for little of it.
            _ = Facts(progress, cancellationToken);
            await control.Forking.WaitAsync(cancellationToken);
            try
            {
                var going = RetentionPolicy.ToRemove(Facts(null, cancellationToken), request, services.Time.GetUtcNow());
                if (going.Count == 0 || collection.TryDrop([.. going.Select(run => run.Head)], request.DryRun))
                {
                    return going;
                }
            }
            finally
            {
                control.Forking.Release();
            }
        }

        throw new UserException("The runs to be removed keep changing; no run was removed. Try again later.");
    }

    private IReadOnlyCollection<RunFacts> Facts(IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var facts = new List<RunFacts>();
        foreach (var head in services.Journal.Runs())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!_facts.TryGetValue(head.Run, out var known) || known.Head.Count != head.Count)
            {
                progress?.Report($"run {head.Run}");
                _facts[head.Run] = known = RunFacts.Read(services.Journal, services.Blobs, head);
            }

            facts.Add(known);
        }

        return facts;
    }

    private IEnumerable<LayerId> Reachable(
        HashSet<RunId> gone, HashSet<BlobHash> bodies, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var reached = new HashSet<LayerId>();
        foreach (var run in Facts(progress, cancellationToken).Where(run => !gone.Contains(run.Head.Run)))
        {
            reached.UnionWith(run.Layers);
            bodies.UnionWith(run.Bodies);
        }

        return reached;
    }
}
