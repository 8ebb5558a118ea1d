using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>
/// A run's layers stand on the live repository. Once the run was merged, the repository below holds its changes, and an
/// older place would show them too. This makes a layer that takes them back for the paths that the place itself had not
/// changed, so that a rollback or fork sees the files of its place. The repository is not touched; merging such a run
/// later undoes what was merged.
/// </summary>
internal sealed class MergeUndo(RunServices services)
{
    /// <summary>The layer to stand on; null when nothing was merged after the place.</summary>
    /// <param name="records">The history of the run whose merges count.</param>
    /// <param name="position">The place, in events of its history.</param>
    /// <param name="top">The place's layer.</param>
    /// <param name="owner">The run that gets the layer.</param>
    /// <param name="count">A number that no layer of that run was named with.</param>
    /// <param name="cancellationToken">Stops it; nothing is changed then.</param>
    public async Task<LayerId?> LayerAsync(
        IReadOnlyList<JournalRecord> records, long position, LayerId? top, RunId owner, long count, CancellationToken cancellationToken)
    {
        var merged = MergedAfter(records, (int)position);
        if (merged.Count == 0)
        {
            return null;
        }

        var own = services.Layers.NetChanges(top, null).Select(c => c.Path).ToHashSet(StringComparer.Ordinal);
        var back = merged.Values.Where(c => !own.Contains(c.Path)).OrderBy(c => c.Path, StringComparer.Ordinal).ToImmutableArray();
        if (back.IsEmpty)
        {
            return null;
        }

        var repository = records.Select(r => r.Event).OfType<RunStarted>().First().Repository;
        var layer = await services.Layers.TakeBackAsync(owner, repository, top, LayerId.Parse($"{owner}.{count}u"), back, cancellationToken);
        return layer?.Layer;
    }

    /// <summary>The paths of all merges after a place, each as it was before the first of them.</summary>
    private Dictionary<string, PathChange> MergedAfter(IReadOnlyList<JournalRecord> records, int position)
    {
        var changes = new Dictionary<string, PathChange>(StringComparer.Ordinal);
        MergePlan? plan = null;
        for (var i = position; i < records.Count; i++)
        {
            switch (records[i].Event)
            {
                case MergeStarted started:
                    plan = JsonSerializer.Deserialize(services.Blobs.Get(started.Plan), CairnJson.Default.MergePlan);
                    break;
                case MergeFinished { Status: MergeStatus.Merged }:
                    foreach (var change in plan?.Changes ?? [])
                    {
                        changes.TryAdd(change.Path, change);
                    }

                    break;
                default:
                    break;
            }
        }

        return changes;
    }
}
