using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Plans a three-way merge path by path. Base is what was there before the run first changed the path, ours is the
/// repository now, theirs is the run's stack. Nothing is written but merged texts, and those to the blob store.
/// </summary>
internal sealed class MergePlanner(MergedView stack, string repository, Func<BlobHash, byte[]> content, IBlobStore blobs)
{
    private readonly MergedView _repository = new([stack.Levels[^1]], "");
    private readonly SortedDictionary<string, PathChange> _changes = new(StringComparer.Ordinal);
    private readonly List<MergeConflict> _conflicts = [];
    private readonly List<string> _leftOut = [];

    public MergePlan Plan(LayerId? top, ImmutableArray<LayerEdit> net)
    {
        if (net.Any(e => FileNames.IsGit(e.Path)) || stack.Levels.Take(stack.Levels.Length - 1).Any(level => level.Tree.Stat(".git") is not null))
        {
            _leftOut.Add(".git: the repository's own .git is never merged; what the run committed stays on its branch.");
        }

        foreach (var edit in net)
        {
            if (FileNames.IsGit(edit.Path))
            {
                continue;
            }

            if (FileNames.IsInsideGit(edit.Path))
            {
                _leftOut.Add($"{edit.Path}: a .git within the repository is never merged: git would run what its config names.");
            }
            else if (edit.Before?.Kind == EntryKind.Other || edit.After?.Kind == EntryKind.Other)
            {
                _leftOut.Add($"{edit.Path}: sockets, pipes and devices are never merged.");
            }
            else
            {
                PlanOne(WithoutNewPrivileges(edit));
            }
        }

        KeepDirectoriesInUse();
        AddParents();
        return new(repository, top, [.. _changes.Values], [.. _conflicts], [.. _leftOut]);
    }

    /// <summary>A set-uid or set-gid file out of a sandbox would act with its owner's rights outside.</summary>
    private LayerEdit WithoutNewPrivileges(LayerEdit edit)
    {
        const int SetIds = 0xC00;
        var added = edit.After is { Kind: EntryKind.File } after ? after.Mode & SetIds & ~(edit.Before?.Mode ?? 0) : 0;
        if (added == 0)
        {
            return edit;
        }

        _leftOut.Add($"{edit.Path}: its new set-uid or set-gid bit is never merged; the file is.");
        return edit with { After = edit.After! with { Mode = edit.After.Mode & ~added } };
    }

    private void PlanOne(LayerEdit edit)
    {
        var (blocked, ours) = Ours(edit.Path);
        var (origin, theirs) = (edit.Before, edit.After);
        if (blocked && theirs is not null)
        {
            Conflict(edit, ours, "a directory above it is a file or a link in the repository now");
        }
        else if (ours == theirs || blocked)
        {
            // Already the same, or gone on both sides.
        }
        else if (ours == origin)
        {
            Change(edit.Path, ours, theirs);
        }
        else if (ours is null || theirs is null)
        {
            OneSideGone(edit, ours);
        }
        else if (ours.Kind != theirs.Kind || (origin is not null && origin.Kind != ours.Kind))
        {
            Conflict(edit, ours, $"it is a {Name(ours.Kind)} in the repository and a {Name(theirs.Kind)} in the run");
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
            Change(edit.Path, null, edit.After);
        }
        else if (ours is null)
        {
            if (edit.After!.Kind == EntryKind.Directory && edit.Before!.Kind == EntryKind.Directory)
            {
                return; // Only its mode changed, and it is gone: what the run put into it makes it again.
            }

            Conflict(edit, ours, "it was deleted in the repository and changed in the run");
        }
        else if (ours.Kind == EntryKind.Directory)
        {
            Change(edit.Path, ours, null); // Its mode changed; it still goes when it is empty.
        }
        else
        {
            Conflict(edit, ours, "it was changed in the repository and deleted in the run");
        }
    }

    private void BothChanged(LayerEdit edit, PathState ours, PathState theirs)
    {
        var mode = Choose(edit.Before?.Mode, ours.Mode, theirs.Mode);
        if (ours.Kind == EntryKind.Directory)
        {
            Change(edit.Path, ours, ours with { Mode = mode ?? ours.Mode });
            return;
        }

        if (mode is null)
        {
            Conflict(edit, ours, "both sides changed its mode");
            return;
        }

        var bytes = ours.Content == theirs.Content || theirs.Content == edit.Before?.Content ? ours.Content
            : ours.Content == edit.Before?.Content ? theirs.Content
            : ours.Kind == EntryKind.File && edit.Before is not null ? MergeText(edit.Path, edit.Before.Content, theirs.Content)
            : default;
        if (bytes.IsNone)
        {
            Conflict(edit, ours, edit.Before is null ? "both sides added it with different contents" : "both sides changed the same place in it");
            return;
        }

        KeepOurs(edit.Path, ours);
        Change(edit.Path, ours, new(ours.Kind, mode.Value, bytes));
    }

    /// <summary>A rollback behind the merge gives back what stood in the repository, which no layer holds.</summary>
    private void KeepOurs(string path, PathState ours)
    {
        if (ours.Kind == EntryKind.File && stack.Levels[^1].Tree.IsReadable(path))
        {
            using var file = stack.Levels[^1].Tree.OpenFile(path, out var stat);
            if (stat.Length <= LayerScan.MaxCapturedBytes)
            {
                _ = blobs.Put(FileContent.ReadAll(file, path, LayerScan.MaxCapturedBytes));
            }
        }
    }

    private BlobHash MergeText(string path, BlobHash origin, BlobHash theirs)
    {
        try
        {
            using var file = stack.Levels[^1].Tree.OpenFile(path, out var stat);
            if (stat.Length > TextMerge.MaxBytes)
            {
                return default;
            }

            return TextMerge.TryMerge(content(origin), FileContent.ReadAll(file, path, TextMerge.MaxBytes), content(theirs)) is { } merged
                ? blobs.Put(merged)
                : default;
        }
        catch (InvalidDataException)
        {
            // The base was too large to be captured: a person has to look.
            return default;
        }
    }

    /// <summary>A directory that the run deleted stays when the repository has something new in it; nothing is lost.</summary>
    private void KeepDirectoriesInUse()
    {
        foreach (var (path, change) in _changes.Reverse().ToList())
        {
            var toFile = change is { Change: ChangeKind.Modified } && change.Kind != EntryKind.Directory;
            if ((change.Change != ChangeKind.Deleted || change.Kind != EntryKind.Directory) && !toFile)
            {
                continue;
            }

            var kept = _repository.Find(path) is { Stat.Kind: EntryKind.Directory } found
                ? _repository.Children(found).FirstOrDefault(c => !_changes.TryGetValue(c.Path, out var child) || child.Change != ChangeKind.Deleted)
                : null;
            if (kept is null)
            {
                continue;
            }

            _changes.Remove(path);
            if (toFile)
            {
                _conflicts.Add(new(path, $"the run replaced the directory by a {Name(change.Kind)}, but the repository has '{kept.Path}' in it", default, default, change.After));
            }
        }
    }

    /// <summary>Directories that the run did not make but the repository no longer has.</summary>
    private void AddParents()
    {
        foreach (var path in _changes.Where(c => c.Value.Change != ChangeKind.Deleted).Select(c => c.Key).ToList())
        {
            for (var parent = FileNames.Parent(path); parent.Length > 0; parent = FileNames.Parent(parent))
            {
                if (!_changes.ContainsKey(parent) && _repository.Find(parent) is null)
                {
                    Change(parent, null, new(EntryKind.Directory, stack.Find(parent)?.Stat.Mode ?? 0x1ED, default));
                }
            }
        }
    }

    private (bool Blocked, PathState? State) Ours(string path)
    {
        var parent = FileNames.Parent(path);
        for (var at = parent; at.Length > 0; at = FileNames.Parent(at))
        {
            if (_repository.Find(at) is { Stat.Kind: not EntryKind.Directory } other)
            {
                // The run may be replacing that very entry by a directory: then it is not in the way.
                return _changes.TryGetValue(at, out var change) && change.Kind == EntryKind.Directory && change.Change == ChangeKind.Modified
                    ? (false, null)
                    : (true, _repository.State(other));
            }
        }

        return (false, _repository.Find(path) is { } found ? _repository.State(found) : null);
    }

    private void Change(string path, PathState? before, PathState? after)
    {
        if (before != after)
        {
            _changes[path] = new LayerEdit(path, before, after).ToChange();
        }
    }

    private void Conflict(LayerEdit edit, PathState? ours, string reason) =>
        _conflicts.Add(new(edit.Path, reason, edit.Before?.Content ?? default, ours?.Content ?? default, edit.After?.Content ?? default));

    private static int? Choose(int? origin, int ours, int theirs) =>
        ours == theirs || theirs == origin ? ours : ours == origin ? theirs : null;

    private static string Name(EntryKind kind) => kind switch
    {
        EntryKind.File => "file",
        EntryKind.Directory => "directory",
        EntryKind.Link => "link",
        _ => "special file",
    };
}
