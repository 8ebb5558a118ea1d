using System.Collections.Immutable;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Carries a merge plan out. All new contents are first written and synced in a staging directory of the same file
/// system; then each path is exchanged in one atomic rename, deletions last. What was displaced waits in the staging
/// directory, so a failure is undone, and a file that somebody changed in between is put back. After a crash the same
/// plan is applied again: a path that has its new state is done, one that has its old state is still to do; if somebody
/// changed a path in the meantime, what was done before the crash is taken back, as if the merge had never begun. All that
/// changes something goes through <see cref="MergeDisk"/>, so that a test can crash between any two of its operations.
/// </summary>
internal sealed class MergeApply : IDisposable
{
    private readonly MergePlan _plan;
    private readonly Func<BlobHash, byte[]> _content;
    private readonly MergeDisk _disk;
    private readonly Action<int>? _fault;
    private readonly DirectoryHandle _tree;
    private readonly MergedView _view;
    private readonly Stack<Action> _undo = new();
    private readonly List<MergeStep> _todo = [];
    private readonly string _staging;
    private readonly bool _hasAttributes;
    private bool _wasBegun;

    /// <param name="repository">The repository.</param>
    /// <param name="plan">What to do.</param>
    /// <param name="content">Brings a body.</param>
    /// <param name="disk">Carries the operations out.</param>
    /// <param name="fault">Called before each step, for tests.</param>
    public MergeApply(string repository, MergePlan plan, Func<BlobHash, byte[]> content, MergeDisk disk, Action<int>? fault)
    {
        (_plan, _content, _disk, _fault) = (plan, content, disk, fault);
        _tree = DirectoryHandle.Open(repository);
        _view = new([new Level(_tree, "")], "");
        _hasAttributes = UserAttributes.AreSupported(_tree.Handle);
        var root = _tree.Stat("")!.Value;
        var name = $"cairn-merge-{plan.Top?.Value ?? "none"}";

        // In .git nobody sees it; without one it lies at the root.
        _staging = _tree.Stat(".git") is { Kind: EntryKind.Directory } git && git.Device == root.Device ? $".git/{name}" : $".{name}";
    }

    public void Run()
    {
        EmptyLeftovers();
        try
        {
            Attempt();
        }
        catch (WorkspaceException e) when (_wasBegun)
        {
            throw TakenBack(e);
        }
    }

    private void Attempt()
    {
        foreach (var change in _plan.Changes)
        {
            if (Pending(change) is { } step)
            {
                _todo.Add(step);
            }
        }

        if (_todo.Count == 0)
        {
            _disk.RemoveTree(_tree, _staging);
            return;
        }

        try
        {
            CheckPlaces();
            new MergeStaging(_view, _tree, _disk, _content, _hasAttributes).Stage(_staging, [.. _todo.Where(s => s.IsStaged)]);
        }
        catch (Exception e) when (e is WorkspaceException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            RemoveStaging();
            throw Failure(e);
        }

        Apply();
        SyncPlaces();
        _disk.RemoveTree(_tree, _staging);
    }

    public void Dispose() => _tree.Dispose();

    /// <summary>The step for a change; null when it is already carried out.</summary>
    private MergeStep? Pending(PathChange change)
    {
        if (FileNames.IsGit(change.Path) || change.Kind == EntryKind.Other || change.Path.Length == 0)
        {
            throw new WorkspaceException(FileProblem.ReadOnly, $"A merge never writes '{change.Path}'. Nothing was changed.");
        }

        var found = Find(change.Path);
        var now = found is null ? null : _view.State(found);
        var edit = LayerEdit.Of(change);
        if (Matches(now, edit.After))
        {
            return null;
        }

        if (edit.IsOfDirectory() ? IsOnItsWay(now, edit) : Matches(now, edit.Before))
        {
            var inPlace = edit.IsOfDirectory() || (edit is { Before: { } before, After: { } after } && before with { Mode = after.Mode } == after);
            return new MergeStep(change, found?.Stat, _todo.Count, inPlace);
        }

        throw Moved(change.Path);
    }

    /// <summary>A directory's mode and attributes are set one after the other: a crash may have left any of them.</summary>
    private static bool IsOnItsWay(PathState? now, LayerEdit edit) =>
        now is { Kind: EntryKind.Directory } && (now.Mode == edit.Before!.Mode || now.Mode == edit.After!.Mode);

    private bool Matches(PathState? now, PathState? state) =>
        _hasAttributes || now is null || state is null ? now == state : now == (state with { Attributes = null });

    private Found? Find(string path)
    {
        try
        {
            return _view.Find(path);
        }
        catch (WorkspaceException e) when (e.Problem == FileProblem.Outside)
        {
            throw Moved(path);
        }
    }

    /// <summary>All or nothing: the paths that a crashed attempt had carried out become what they were, the others stay as they are.</summary>
    private WorkspaceException TakenBack(WorkspaceException reason)
    {
        var done = _plan.Changes.Select(LayerEdit.Of).Where(IsDone).Select(e => e.Reverse().ToChange()).ToImmutableArray();
        try
        {
            using var back = new MergeApply(_tree.Name, _plan with { Changes = done }, _content, _disk, _fault) { _wasBegun = true };
            back.Attempt();
        }
        catch (WorkspaceException e)
        {
            return new(FileProblem.Io, $"{reason.Message} A crash had cut the merge off, and the {done.Length} paths that it had written could not be taken back: {e.Message}", e);
        }

        return new(reason.Problem, $"{reason.Message} A crash had cut the merge off; the {done.Length} paths that it had written are as they were before it.", reason);
    }

    /// <summary>Whether a crashed attempt wrote the path, and nobody since.</summary>
    private bool IsDone(LayerEdit edit)
    {
        try
        {
            var now = Find(edit.Path) is { } found ? _view.State(found) : null;
            return !Matches(now, edit.Before) && (Matches(now, edit.After) || (edit.IsOfDirectory() && IsOnItsWay(now, edit)));
        }
        catch (WorkspaceException e) when (e.Problem == FileProblem.Changed)
        {
            return false;
        }
    }

    /// <summary>
    /// Displaced files of an interrupted merge are old or new states of the plan; anything else is somebody's work. The
    /// directory itself stays until all is done or taken back: it was made before the first path was touched, so by it
    /// the next attempt knows that there was one.
    /// </summary>
    private void EmptyLeftovers()
    {
        if (_view.Find(_staging) is not { } left)
        {
            return;
        }

        _wasBegun = true;
        var known = _plan.Changes.SelectMany(c => new[] { c.Before, c.After }).ToHashSet();
        foreach (var entry in _view.Children(left))
        {
            // A staged file that a crash cut short is shorter than any state of the plan; it carries this prefix until it is whole.
            if (entry.Stat.Kind != EntryKind.Directory && !FileNames.Last(entry.Path).StartsWith('+') && !known.Contains(_view.State(entry).Content))
            {
                throw new WorkspaceException(
                    FileProblem.Changed, $"An interrupted merge saved a change of somebody else's as '{entry.Path}'. Move it to safety, then merge again.");
            }
        }

        EmptyStaging();
    }

    private void EmptyStaging() => _tree.Names(_staging).ForEach(name => _disk.RemoveTree(_tree, $"{_staging}/{name}"));

    /// <summary>Finds out before anything is written whether every place can be written.</summary>
    private void CheckPlaces()
    {
        const int WriteAndSearch = 3;
        var root = _tree.Stat("")!.Value;
        foreach (var parent in _todo.Select(s => FileNames.Parent(s.Change.Path)).Distinct())
        {
            if (_view.Find(parent) is not { Stat: { Kind: EntryKind.Directory } stat })
            {
                continue; // It is made by this plan, or stands in its way and the steps say so.
            }

            if (stat.Device != root.Device)
            {
                throw new WorkspaceException(FileProblem.Io, $"'{parent}' lies on another file system than the repository's root.");
            }

            using var directory = _tree.OpenDirectory(parent);
            LinuxError.Check(LinuxCalls.Access(directory, FileNames.Encode("."), WriteAndSearch, LinuxCalls.RemoveDirectoryFlag), "write into", parent.Length == 0 ? _tree.Name : parent);
        }
    }

    private void Apply()
    {
        // New directories come before what lies in them, deleted ones after; a directory is replaced when it is empty.
        var ordered = _todo.Where(s => s.Phase == 0).OrderBy(s => s.Change.Path, StringComparer.Ordinal)
            .Concat(_todo.Where(s => s.Phase == 1).OrderByDescending(s => s.Change.Path, StringComparer.Ordinal))
            .Concat(_todo.Where(s => s.Phase == 2)).ToList();
        using var staging = _tree.OpenDirectory(_staging);
        try
        {
            for (var i = 0; i < ordered.Count; i++)
            {
                _fault?.Invoke(i);
                ApplyOne(staging, ordered[i]);
            }
        }
        catch (Exception e) when (e is WorkspaceException or IOException)
        {
            while (_undo.TryPop(out var undo))
            {
                undo();
            }

            RemoveStaging();
            throw Failure(e);
        }
    }

    private void ApplyOne(SafeFileHandle staging, MergeStep step)
    {
        var path = step.Change.Path;
        using var parent = _tree.OpenDirectory(FileNames.Parent(path));
        var name = FileNames.Encode(FileNames.Last(path));
        var staged = FileNames.Encode(step.Staged);
        if (step.IsInPlace)
        {
            SetInPlace(parent, name, path, step.Change.AfterMode, step.Change.AfterAttributes);
            _undo.Push(() => Again(path, above => SetInPlace(above, name, path, step.Change.BeforeMode, step.Change.BeforeAttributes)));
        }
        else if (step.Change.Change == ChangeKind.Added)
        {
            Move(staging, staged, parent, name, LinuxCalls.RenameNoReplace, path);
            _undo.Push(() => MoveBack(path, staged, 0));
        }
        else if (step.Change.Change == ChangeKind.Modified)
        {
            Move(staging, staged, parent, name, LinuxCalls.RenameExchange, path);
            _undo.Push(() => MoveBack(path, staged, LinuxCalls.RenameExchange));
            CheckDisplaced(step);
        }
        else if (step.Change.Kind == EntryKind.Directory)
        {
            RemoveDirectory(parent, name, step);
        }
        else
        {
            Move(parent, name, staging, staged, LinuxCalls.RenameNoReplace, path);
            _undo.Push(() => MoveOut(path, staged));
            CheckDisplaced(step);
        }
    }

    /// <summary>A directory in which somebody made something in the meantime stays.</summary>
    private void RemoveDirectory(SafeFileHandle parent, byte[] name, MergeStep step)
    {
        if (!_disk.RemoveEmptyDirectory(parent, name, step.Change.Path))
        {
            return;
        }

        _undo.Push(() =>
        {
            using var above = _tree.OpenDirectory(FileNames.Parent(step.Change.Path));
            _disk.MakeDirectory(above, name, step.Change.Path);
            _disk.ChangeOwner(above, name, step.Now!.Value.Uid, step.Now.Value.Gid, step.Change.Path);
            SetInPlace(above, name, step.Change.Path, step.Change.BeforeMode, step.Change.BeforeAttributes);
        });
    }

    private void Again(string path, Action<SafeFileHandle> act)
    {
        using var above = _tree.OpenDirectory(FileNames.Parent(path));
        act(above);
    }

    private void CheckDisplaced(MergeStep step)
    {
        var now = _tree.Stat($"{_staging}/{step.Staged}");
        if (now is not { } got || step.Now is not { } was
            || (got.Inode, got.Modified, got.Length, got.Mode) != (was.Inode, was.Modified, was.Length, was.Mode))
        {
            // An empty directory that lost its children in this very merge has another time; its inode says enough.
            if (now is not { Kind: EntryKind.Directory } directory || directory.Inode != step.Now?.Inode)
            {
                throw Moved(step.Change.Path);
            }
        }

        if (now is { Kind: EntryKind.Directory } && _tree.Names($"{_staging}/{step.Staged}").Count > 0)
        {
            throw Moved(step.Change.Path);
        }
    }

    private void SetInPlace(SafeFileHandle parent, byte[] name, string path, int mode, BlobHash? attributes)
    {
        if (_hasAttributes && _tree.Stat(path) is { Kind: EntryKind.Directory })
        {
            _disk.SetAttributes(parent, name, attributes is { } stored ? _content(stored) : null, path);
        }

        SetMode(path, mode);
    }

    private void SetMode(string path, int mode)
    {
        using var entry = _tree.TryOpen(path, LinuxCalls.ReadOnly | LinuxCalls.NoFollow | LinuxCalls.NonBlock) ?? throw Moved(path);
        _disk.ChangeMode(entry, mode, path);
    }

    private void MoveBack(string path, byte[] staged, uint flags)
    {
        using var staging = _tree.OpenDirectory(_staging);
        using var parent = _tree.OpenDirectory(FileNames.Parent(path));
        Move(parent, FileNames.Encode(FileNames.Last(path)), staging, staged, flags, path);
    }

    private void MoveOut(string path, byte[] staged)
    {
        using var staging = _tree.OpenDirectory(_staging);
        using var parent = _tree.OpenDirectory(FileNames.Parent(path));
        Move(staging, staged, parent, FileNames.Encode(FileNames.Last(path)), LinuxCalls.RenameNoReplace, path);
    }

    private void Move(SafeFileHandle from, byte[] name, SafeFileHandle to, byte[] newName, uint flags, string path) =>
        _disk.Rename(from, name, to, newName, flags, "replace", path);

    private void SyncPlaces()
    {
        foreach (var parent in _todo.Select(s => FileNames.Parent(s.Change.Path)).Append("").Distinct())
        {
            if (_view.Find(parent) is { Stat.Kind: EntryKind.Directory })
            {
                _disk.SyncDirectory(_tree, parent);
            }
        }
    }

    private void RemoveStaging()
    {
        try
        {
            if (_wasBegun)
            {
                EmptyStaging(); // What an earlier attempt wrote is still there.
            }
            else
            {
                _disk.RemoveTree(_tree, _staging);
            }
        }
        catch (WorkspaceException)
        {
            // The first failure is the one to tell; the next merge removes what is left.
        }
    }

    private WorkspaceException Failure(Exception e) => e as WorkspaceException is { Problem: FileProblem.Changed } changed ? changed
        : new(FileProblem.Io, $"The merge into '{_tree.Name}' failed, and nothing was written: {e.Message}", e);

    private static WorkspaceException Moved(string path) =>
        new(FileProblem.Changed, $"'{path}' changed in the repository after the merge was planned. Plan it again: nothing was written now.");
}
