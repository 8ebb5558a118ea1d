using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Plans a three-way merge path by path. Base is what was there before the run first changed the path, ours is the
/// repository now, theirs is the run's stack. Nothing is written but bodies: merged texts, and the repository's side of what clashes.
/// </summary>
internal sealed class MergePlanner
{
    private readonly string _repository;
    private readonly MergeDraft _draft;
    private readonly MergeTexts _texts;
    private readonly MergeSettler _settler;
    private readonly bool _hasAttributes;

    /// <param name="stack">The run's view.</param>
    /// <param name="repository">Absolute path of the repository.</param>
    /// <param name="content">Brings a body.</param>
    /// <param name="blobs">Takes merged texts.</param>
    /// <param name="resolutions">What people decided about conflicts.</param>
    public MergePlanner(MergedView stack, string repository, Func<BlobHash, byte[]> content, IBlobStore blobs, ImmutableArray<ConflictResolution> resolutions)
    {
        _repository = repository;
        _draft = new(stack, blobs);
        _texts = new(content, blobs);
        _settler = new(_draft, _texts, resolutions);
        _hasAttributes = UserAttributes.AreSupported(stack.Levels[^1].Tree.Handle);
    }

    public MergePlan Plan(LayerId? top, ImmutableArray<LayerEdit> net)
    {
        if (net.Any(e => FileNames.IsGit(e.Path)) || _draft.Stack.Levels.SkipLast(1).Any(level => level.Tree.Stat(".git") is not null))
        {
            _draft.LeftOut.Add(".git: the repository's own .git is never merged; what the run committed stays on its branch.");
        }

        foreach (var edit in net)
        {
            if (FileNames.IsGit(edit.Path))
            {
                continue;
            }

            if (FileNames.IsInsideGit(edit.Path))
            {
                _draft.LeftOut.Add($"{edit.Path}: a .git within the repository is never merged: git would run what its config names.");
            }
            else if (edit.Before?.Kind == EntryKind.Other || edit.After?.Kind == EntryKind.Other)
            {
                _draft.LeftOut.Add($"{edit.Path}: sockets, pipes and devices are never merged.");
            }
            else if (!_settler.Covers(edit.Path))
            {
                PlanOne(WithoutNewPrivileges(WithKnownAttributes(edit)));
            }
        }

        KeepDirectoriesInUse();
        AddParents();
        return new(_repository, top, [.. _draft.Changes.Values], [.. _draft.Conflicts], [.. _draft.LeftOut]);
    }

    public static int? Choose(int? origin, int ours, int theirs) =>
        ours == theirs || theirs == origin ? ours : ours == origin ? theirs : null;

    /// <summary>Where the repository's file system has no attributes, there are none to merge.</summary>
    private LayerEdit WithKnownAttributes(LayerEdit edit) => _hasAttributes ? edit : edit with
    {
        Before = edit.Before is null ? null : edit.Before with { Attributes = null },
        After = edit.After is null ? null : edit.After with { Attributes = null },
    };

    /// <summary>A set-uid or set-gid file out of a sandbox would act with its owner's rights outside.</summary>
    private LayerEdit WithoutNewPrivileges(LayerEdit edit)
    {
        const int SetIds = 0xC00;
        var added = edit.After is { Kind: EntryKind.File } after ? after.Mode & SetIds & ~(edit.Before?.Mode ?? 0) : 0;
        if (added == 0)
        {
            return edit;
        }

        _draft.LeftOut.Add($"{edit.Path}: its new set-uid or set-gid bit is never merged; the file is.");
        return edit with { After = edit.After! with { Mode = edit.After.Mode & ~added } };
    }

    private void PlanOne(LayerEdit edit)
    {
        var (blocked, ours) = Ours(edit.Path);
        var (origin, theirs) = (edit.Before, edit.After);
        if (blocked && theirs is not null)
        {
            Conflict(ConflictKind.Blocked, edit, ours, "a directory above it is a file or a link in the repository now");
        }
        else if (ours == theirs || blocked)
        {
            // Already the same, or gone on both sides.
        }
        else if (ours == origin)
        {
            _draft.Change(edit.Path, ours, theirs);
        }
        else if (ours is null || theirs is null)
        {
            OneSideGone(edit, ours);
        }
        else if (ours.Kind != theirs.Kind || (origin is not null && origin.Kind != ours.Kind))
        {
            Conflict(ConflictKind.KindChanged, edit, ours, $"it is a {Name(ours.Kind)} in the repository and a {Name(theirs.Kind)} in the run");
        }
        else
        {
            BothChanged(edit, ours, theirs);
        }
    }

    private void OneSideGone(LayerEdit edit, PathState? ours)
    {
        if (ours is null && edit.Before is null)
        {
            _draft.Change(edit.Path, null, edit.After);
        }
        else if (ours is null)
        {
            if (edit.After!.Kind == EntryKind.Directory && edit.Before!.Kind == EntryKind.Directory)
            {
                return; // Only its mode changed, and it is gone: what the run put into it makes it again.
            }

            Conflict(ConflictKind.DeletedInRepository, edit, ours, "it was deleted in the repository and changed in the run");
        }
        else if (ours.Kind == EntryKind.Directory)
        {
            _draft.Change(edit.Path, ours, null); // Its mode changed; it still goes when it is empty.
        }
        else
        {
            Conflict(ConflictKind.DeletedInRun, edit, ours, "it was changed in the repository and deleted in the run");
        }
    }

    private void BothChanged(LayerEdit edit, PathState ours, PathState theirs)
    {
        var mode = Choose(edit.Before?.Mode, ours.Mode, theirs.Mode);
        var attributesFit = ours.Attributes == theirs.Attributes || theirs.Attributes == edit.Before?.Attributes || ours.Attributes == edit.Before?.Attributes;
        var attributes = ours.Attributes != edit.Before?.Attributes ? ours.Attributes : theirs.Attributes;
        if (ours.Kind == EntryKind.Directory)
        {
            _draft.Change(edit.Path, ours, ours with { Mode = mode ?? ours.Mode, Attributes = attributes });
            return;
        }

        var bytes = ours.Content == theirs.Content || theirs.Content == edit.Before?.Content ? ours.Content
            : ours.Content == edit.Before?.Content ? theirs.Content
            : ours.Kind == EntryKind.File && edit.Before is not null ? MergeText(edit.Path, edit.Before.Content, ours, theirs.Content)
            : default;
        if (bytes.IsNone)
        {
            Conflict(
                edit.Before is null ? ConflictKind.AddedByBoth : ConflictKind.Content, edit, ours,
                edit.Before is null ? "both sides added it with different contents" : "both sides changed the same place in it");
            return;
        }

        if (mode is null || !attributesFit)
        {
            var what = mode is null ? "both sides changed its mode" : "both sides changed its extended attributes";
            _settler.Clash(New(ConflictKind.Mode, edit, ours, what), edit.Before, ours, theirs, bytes);
            return;
        }

        _draft.KeepOurs(edit.Path, ours);
        _draft.Change(edit.Path, ours, ours with { Mode = mode.Value, Content = bytes, Attributes = attributes });
    }

    private BlobHash MergeText(string path, BlobHash origin, PathState ours, BlobHash theirs)
    {
        _draft.KeepOurs(path, ours);
        return _texts.Merge(origin, ours.Content, theirs);
    }

    /// <summary>A directory that the run deleted stays when the repository has something new in it; nothing is lost.</summary>
    private void KeepDirectoriesInUse()
    {
        foreach (var (path, change) in _draft.Changes.Reverse().ToList())
        {
            var toFile = change is { Change: ChangeKind.Modified } && change.Kind != EntryKind.Directory;
            if ((change.Change != ChangeKind.Deleted || change.Kind != EntryKind.Directory) && !toFile)
            {
                continue;
            }

            var found = _draft.Repository.Find(path) is { Stat.Kind: EntryKind.Directory } directory ? directory : null;
            var kept = found is null ? null
                : _draft.Repository.Children(found).FirstOrDefault(c => !_draft.Changes.TryGetValue(c.Path, out var child) || child.Change != ChangeKind.Deleted);
            if (kept is null)
            {
                continue;
            }

            _draft.Changes.Remove(path);
            if (toFile)
            {
                // All of it is one decision: what the run deleted in it stays for now.
                var below = _draft.Changes.Keys.Where(p => p.StartsWith(path + "/", StringComparison.Ordinal)).ToList();
                below.ForEach(p => _draft.Changes.Remove(p));
                var ours = _draft.Repository.State(found!);
                var theirs = new PathState(change.Kind, change.AfterMode, change.After) { Attributes = change.AfterAttributes };
                _settler.Clash(
                    new(path, $"the run replaced the directory by a {Name(change.Kind)}, but the repository has '{kept.Path}' in it", default, default, change.After)
                    {
                        Kind = ConflictKind.KindChanged,
                    },
                    ours, ours, theirs);
            }
        }
    }

    /// <summary>Directories that the run did not make but the repository no longer has.</summary>
    private void AddParents()
    {
        foreach (var path in _draft.Changes.Where(c => c.Value.Change != ChangeKind.Deleted).Select(c => c.Key).ToList())
        {
            for (var parent = FileNames.Parent(path); parent.Length > 0; parent = FileNames.Parent(parent))
            {
                if (!_draft.Changes.ContainsKey(parent) && _draft.Repository.Find(parent) is null)
                {
                    _draft.Change(parent, null, new(EntryKind.Directory, _draft.Stack.Find(parent)?.Stat.Mode ?? 0x1ED, default));
                }
            }
        }
    }

    private (bool Blocked, PathState? State) Ours(string path)
    {
        for (var at = FileNames.Parent(path); at.Length > 0; at = FileNames.Parent(at))
        {
            if (_draft.Repository.Find(at) is { Stat.Kind: not EntryKind.Directory } other)
            {
                // The run may be replacing that very entry by a directory: then it is not in the way.
                return _draft.Changes.TryGetValue(at, out var change) && change.Kind == EntryKind.Directory && change.Change == ChangeKind.Modified
                    ? (false, null)
                    : (true, _draft.Repository.State(other));
            }
        }

        return (false, _draft.Repository.Find(path) is { } found ? _draft.Repository.State(found) : null);
    }

    private void Conflict(ConflictKind kind, LayerEdit edit, PathState? ours, string reason) =>
        _settler.Clash(New(kind, edit, ours, reason), edit.Before, ours, edit.After);

    private static MergeConflict New(ConflictKind kind, LayerEdit edit, PathState? ours, string reason) =>
        new(edit.Path, reason, edit.Before?.Content ?? default, ours?.Content ?? default, edit.After?.Content ?? default) { Kind = kind };

    private static string Name(EntryKind kind) => kind switch
    {
        EntryKind.File => "file",
        EntryKind.Directory => "directory",
        EntryKind.Link => "link",
        _ => "special file",
    };
}
