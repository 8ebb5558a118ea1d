using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>Puts what people decided about conflicts into a merge plan. A decision is about the versions that clashed then, and about no others.</summary>
internal sealed class MergeSettler(MergeDraft draft, MergeTexts texts, IEnumerable<ConflictResolution> resolutions)
{
    private readonly Dictionary<string, ConflictResolution> _resolutions =
        resolutions.GroupBy(r => r.Conflict.Path, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last(), StringComparer.Ordinal);

    /// <summary>Paths of which the repository's version stays, with all below them.</summary>
    private readonly HashSet<string> _kept = new(StringComparer.Ordinal);

    /// <summary>True when a decision about a path above covers this one.</summary>
    public bool Covers(string path)
    {
        for (var at = FileNames.Parent(path); at.Length > 0; at = FileNames.Parent(at))
        {
            if (_kept.Contains(at))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Notes a conflict, or does what was decided about it.</summary>
    /// <param name="conflict">The conflict.</param>
    /// <param name="origin">What both sides started from.</param>
    /// <param name="ours">What the repository has.</param>
    /// <param name="theirs">What the run has.</param>
    /// <param name="merged">For a clash of modes: the content that both sides come to.</param>
    public void Clash(MergeConflict conflict, PathState? origin, PathState? ours, PathState? theirs, BlobHash merged = default)
    {
        conflict = conflict with { Origin = origin?.ToSide(), Repository = ours is null ? null : Repository(conflict.Path, ours), Run = theirs?.ToSide() };
        if (ours is not null)
        {
            draft.KeepOurs(conflict.Path, ours);
        }

        if (conflict.Kind == ConflictKind.KindChanged || ours is { Kind: EntryKind.Directory } || theirs is { Kind: EntryKind.Directory })
        {
            _kept.Add(conflict.Path); // What lies below it is part of it, decided or not.
        }

        if (!_resolutions.TryGetValue(conflict.Path, out var resolution) || !resolution.Conflict.IsSameAs(conflict))
        {
            draft.Conflicts.Add(conflict);
            return;
        }

        if (!TrySettle(resolution, conflict, origin, ours, theirs, merged, out var why))
        {
            draft.Conflicts.Add(conflict with { Reason = $"{conflict.Reason}; it cannot be resolved that way: {why}" });
        }
    }

    /// <summary>A directory that may have to go stands for what is in it.</summary>
    private ConflictSide Repository(string path, PathState ours) => ours.Kind != EntryKind.Directory || draft.Repository.Find(path) is not { } directory ? ours.ToSide()
        : ours.ToSide() with { Content = BlobHash.OfText(string.Join('\n', draft.Repository.Walk(directory).Select(c => $"{c.Path} {draft.Repository.State(c)}"))) };

    private bool TrySettle(
        ConflictResolution resolution, MergeConflict conflict, PathState? origin, PathState? ours, PathState? theirs, BlobHash merged, out string why)
    {
        why = "";
        switch (resolution.Choice)
        {
            case ConflictChoice.Repository when conflict.Kind == ConflictKind.Mode:
                draft.Change(conflict.Path, ours, ours! with { Content = merged });
                return true;
            case ConflictChoice.Repository:
                draft.Change(conflict.Path, ours, ours);
                return true;
            case ConflictChoice.Union:
                return TryUnion(conflict, origin, ours, theirs, out why);
            case var _ when conflict.Kind == ConflictKind.Blocked:
                why = "what stands above it in the repository would have to go; move that away, or keep the repository's version";
                return false;
            case ConflictChoice.Run:
                Replace(conflict.Path, ours, merged.IsNone ? theirs : theirs! with { Content = merged }, Below(draft.Stack, conflict.Path, theirs));
                return true;
            case ConflictChoice.Base when conflict.Kind == ConflictKind.Mode && origin is not null:
                draft.Change(conflict.Path, ours, origin with { Content = merged });
                return true;
            case ConflictChoice.Base when origin?.Kind == EntryKind.Directory && ours?.Kind != EntryKind.Directory:
                why = "what the directory held is not known any more";
                return false;
            case ConflictChoice.Base:
                Replace(conflict.Path, ours, origin, []);
                return true;
            default:
                var mode = (ours is { Kind: EntryKind.File } ? ours : theirs is { Kind: EntryKind.File } ? theirs : null)?.Mode ?? 0x1A4;
                Replace(conflict.Path, ours, new(EntryKind.File, mode, resolution.Content!.Value), []);
                return true;
        }
    }

    private bool TryUnion(MergeConflict conflict, PathState? origin, PathState? ours, PathState? theirs, out string why)
    {
        why = "";
        if (ours is not { Kind: EntryKind.File } || theirs is not { Kind: EntryKind.File } || conflict.Kind == ConflictKind.Mode
            || texts.Union(origin is { Kind: EntryKind.File } ? origin.Content : null, ours.Content, theirs.Content) is not { } union)
        {
            why = "only contents of text files can be put together";
            return false;
        }

        var mode = MergePlanner.Choose(origin?.Mode, ours.Mode, theirs.Mode) ?? ours.Mode;
        draft.Change(conflict.Path, ours, ours with { Mode = mode, Content = union });
        return true;
    }

    /// <summary>Puts something in the place of what the repository has, with all below.</summary>
    private void Replace(string path, PathState? ours, PathState? wanted, List<(string Path, PathState State)> below)
    {
        if (ours is { Kind: EntryKind.Directory } && wanted is not { Kind: EntryKind.Directory })
        {
            foreach (var child in draft.Repository.Walk(draft.Repository.Find(path)!))
            {
                var state = draft.Repository.State(child);
                draft.KeepOurs(child.Path, state);
                draft.Change(child.Path, state, null);
            }
        }

        draft.Change(path, ours, wanted);
        foreach (var (child, state) in below)
        {
            var there = ours is { Kind: EntryKind.Directory } && draft.Repository.Find(child) is { } found ? draft.Repository.State(found) : null;
            draft.Change(child, there, state);
        }
    }

    private static List<(string Path, PathState State)> Below(MergedView view, string path, PathState? state) =>
        state is { Kind: EntryKind.Directory } && view.Find(path) is { Stat.Kind: EntryKind.Directory } directory
            ? [.. view.Walk(directory).Where(c => c.Stat.Kind != EntryKind.Other && !FileNames.IsInsideGit(c.Path)).Select(c => (c.Path, view.State(c)))]
            : [];
}
