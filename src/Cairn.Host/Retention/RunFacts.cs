using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>What retention must know of a run: read once, and again only when the run has grown.</summary>
/// <param name="Head">The run's end when it was read.</param>
/// <param name="Ended">It is over, and no merge was cut off.</param>
/// <param name="Parent">The run that spawned it.</param>
/// <param name="Source">The run whose records are its past.</param>
/// <param name="Layers">The layers that its records name.</param>
/// <param name="Bodies">Bodies that are named only within other bodies.</param>
internal sealed record RunFacts(
    RunHead Head, bool Ended, RunId? Parent, RunId? Source, ImmutableHashSet<LayerId> Layers, ImmutableHashSet<BlobHash> Bodies)
{
    /// <summary>The days for which it was to be kept when it was started; null when nobody said.</summary>
    public int? KeepDays { get; init; }

    public static RunFacts Read(IJournal journal, IBlobStore blobs, RunHead head)
    {
        var records = journal.Read(head.Run);
        var layers = ImmutableHashSet.CreateBuilder<LayerId>();
        var bodies = ImmutableHashSet.CreateBuilder<BlobHash>();
        foreach (var record in records)
        {
            layers.UnionWith(References.LayersOf(record.Event));
            if (record.Event is MergeStarted { Plan: var hash } && blobs.TryGet(hash) is { } plan)
            {
                AddPlan(JsonSerializer.Deserialize(plan, CairnJson.Default.MergePlan), layers, bodies);
            }

            AddConflicts(record.Event, blobs, bodies);
        }

        var first = records.Count == 0 ? null : records[0].Event;
        return new(
            head with { Count = records.Count }, IsOver(records), (first as RunStarted)?.Parent, (first as RunForked)?.Source,
            layers.ToImmutable(), bodies.ToImmutable())
        {
            KeepDays = (first as RunStarted)?.KeepDays,
        };
    }

    // Only merges may follow the end of a run; one without a result was cut off, and its plan is still needed.
    private static bool IsOver(IReadOnlyList<JournalRecord> records)
    {
        if (records.Count == 0 || records[^1].Event is MergeStarted)
        {
            return false;
        }

        return records.Reverse().SkipWhile(r => r.Event is MergeStarted or MergeFinished or ConflictsResolved).FirstOrDefault()?.Event is RunEnded;
    }

    private static void AddPlan(
        MergePlan? plan, ImmutableHashSet<LayerId>.Builder layers, ImmutableHashSet<BlobHash>.Builder bodies)
    {
        if (plan is null)
        {
            return;
        }

        if (plan.Top is { } top)
        {
            layers.Add(top);
        }

        bodies.UnionWith(plan.Changes.SelectMany(change => new[] { change.Before, change.After, change.BeforeAttributes ?? default, change.AfterAttributes ?? default }));
        bodies.UnionWith(plan.Conflicts.SelectMany(Sides));
    }

    private static void AddConflicts(RunEvent e, IBlobStore blobs, ImmutableHashSet<BlobHash>.Builder bodies)
    {
        if (e is MergeFinished { ConflictList: { } list } && blobs.TryGet(list) is { } conflicts)
        {
            bodies.UnionWith(JsonSerializer.Deserialize(conflicts, CairnJson.Default.ImmutableArrayMergeConflict).SelectMany(Sides));
        }
        else if (e is ConflictsResolved resolved && blobs.TryGet(resolved.Resolutions) is { } decided)
        {
            var resolutions = JsonSerializer.Deserialize(decided, CairnJson.Default.ImmutableArrayConflictResolution);
            bodies.UnionWith(resolutions.SelectMany(r => Sides(r.Conflict).Append(r.Content ?? default)));
        }
    }

    private static IEnumerable<BlobHash> Sides(MergeConflict conflict) =>
        [conflict.Base, conflict.Ours, conflict.Theirs, conflict.Origin?.Attributes ?? default, conflict.Repository?.Attributes ?? default, conflict.Run?.Attributes ?? default];
}
