using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>
/// Merges a run's changes into the repository. The plan stands in the journal before the first file is touched; a merge
/// that a crash cut off is finished from that plan, so the repository never stays half merged.
/// </summary>
internal sealed class MergeOperation(RunSession session)
{
    private const int ConflictsShown = 20;

    /// <summary>The plan to carry out: the one that a crash interrupted, or a new one.</summary>
    public async ValueTask<MergePlan> PlanAsync(LayerId? layer, CancellationToken cancellationToken) =>
        Interrupted() ?? await PlanAsync(layer, [.. Conflicts.Decided().Select(d => d.Resolution)], cancellationToken);

    /// <summary>What clashed before, and what was decided.</summary>
    public MergeConflicts Conflicts => new(session.Services.Journal, session.Services.Blobs, session.Services.Layers, session.Run);

    /// <summary>Writes decisions about conflicts down.</summary>
    /// <exception cref="UserException">When one of them cannot be carried out; none is kept then.</exception>
    public async Task ResolveAsync(LayerId? layer, MergeRequest request, CancellationToken cancellationToken)
    {
        var paths = request.Resolve.Select(a => a.Path).ToHashSet(StringComparer.Ordinal);
        var others = Conflicts.Decided().Select(d => d.Resolution).Where(r => !paths.Contains(r.Conflict.Path)).ToList();
        var resolutions = Conflicts.Resolutions(await PlanAsync(layer, [.. others], cancellationToken), request.Resolve);
        var plan = await PlanAsync(layer, [.. others, .. resolutions], cancellationToken);
        if (plan.Conflicts.FirstOrDefault(c => paths.Contains(c.Path)) is { } refused)
        {
            throw new UserException($"{refused.Path}: {refused.Reason}. Nothing was merged or decided.");
        }

        await session.CommitAsync(Conflicts.Event(resolutions, request.By), cancellationToken);
    }

    private async ValueTask<MergePlan> PlanAsync(LayerId? layer, ImmutableArray<ConflictResolution> resolutions, CancellationToken cancellationToken)
    {
        var plan = session.Services.Layers.PlanMerge(session.State.Spec.Repository, layer, resolutions);
        var paths = plan.Changes.Select(c => (c.Path, c.Kind == EntryKind.Directory)).Concat(plan.Conflicts.Select(c => (c.Path, false))).ToList();
        var ignored = await IgnoredPaths.FindAsync(await session.WorkspaceAsync(), paths, cancellationToken);
        return ignored.Count == 0
            ? plan
            : plan with
            {
                Changes = [.. plan.Changes.Where(c => !ignored.Contains(c.Path))],
                Conflicts = [.. plan.Conflicts.Where(c => !ignored.Contains(c.Path))],
                LeftOut = [.. plan.LeftOut, $"{ignored.Count} paths that .gitignore names"],
            };
    }

    public MergeStarted Intent(MergePlan plan, BlobHash state)
    {
        var bytes = CairnJson.Bytes(plan, CairnJson.Default.MergePlan);
        return new(session.Services.Blobs.Put(bytes), state);
    }

    /// <summary>Does it, and says what came of it.</summary>
    public MergeFinished Carry(MergePlan plan)
    {
        if (plan.Conflicts.Length > 0)
        {
            var lines = plan.Conflicts.Take(ConflictsShown).Select(c => $"{c.Path}: {c.Reason}");
            var more = plan.Conflicts.Length > ConflictsShown ? $"\n… and {plan.Conflicts.Length - ConflictsShown} more" : "";
            return new(MergeStatus.Conflicts, 0, $"{plan.Conflicts.Length} conflicts, nothing was merged:\n{string.Join('\n', lines)}{more}")
            {
                ConflictList = session.Services.Blobs.Put(CairnJson.Bytes(plan.Conflicts, CairnJson.Default.ImmutableArrayMergeConflict)),
            };
        }

        if (plan.Changes.Length == 0)
        {
            return new(MergeStatus.Nothing, 0, "there was nothing to merge");
        }

        try
        {
            session.Services.Layers.ApplyMerge(plan);
        }
        catch (WorkspaceException e)
        {
            return new(MergeStatus.Failed, 0, e.Message);
        }

        var left = plan.LeftOut.Length == 0 ? "" : $"; left out: {string.Join(", ", plan.LeftOut.Take(ConflictsShown))}";
        return new(MergeStatus.Merged, plan.Changes.Length, $"{plan.Changes.Length} paths merged{left}");
    }

    /// <summary>
    /// Finishes a merge that a crash cut off, for a run that is about to end or to go back: nobody would finish it after
    /// that, and the repository would stay half merged.
    /// </summary>
    public static async Task FinishInterruptedAsync(RunSession session)
    {
        var merge = new MergeOperation(session);
        if (merge.Interrupted() is { } plan)
        {
            await session.CommitAsync(merge.Carry(plan), CancellationToken.None);
        }
    }

    private MergePlan? Interrupted()
    {
        var records = session.Services.Journal.Read(session.Run);
        for (var i = records.Count - 1; i >= 0; i--)
        {
            switch (records[i].Event)
            {
                case MergeStarted started:
                    // One with conflicts changed nothing: it is planned anew.
                    return System.Text.Json.JsonSerializer.Deserialize(
                        session.Services.Blobs.Get(started.Plan), CairnJson.Default.MergePlan) is { Conflicts.Length: 0 } plan ? plan : null;
                case MergeFinished or RunRolledBack:
                    return null;
                default:
                    continue;
            }
        }

        return null;
    }
}
