using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sandbox.Isolation;
using Cairn.Sandbox.Sessions;

namespace Cairn.Sandbox.Layers;

/// <summary>One run's view: the stack below, its open layer on top.</summary>
internal sealed partial class Workspace : IWorkspace
{
    private readonly LayerFiles _files;
    private readonly Squash _squash;
    private readonly SandboxRunner _runner;
    private readonly IBlobStore _blobs;
    private readonly RunId _run;
    private readonly int _depth;
    private readonly LayerStoring? _storing;
    private int _frozen;
    private readonly OpenLayer _open;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly RunShells _shells;
    private readonly CancellationTokenSource _closing = new();
    private StackView _stack;
    private MergedView _view;
    private LayerId? _below;
    private ImmutableArray<LayerEdit>? _copied;
    private bool _closed;

    /// <param name="places">What the store shares with its workspaces.</param>
    /// <param name="run">The run.</param>
    /// <param name="root">The repository.</param>
    /// <param name="top">The top frozen layer.</param>
    /// <param name="live">What the run's shells hold; null when none live on.</param>
    public Workspace(WorkspacePlaces places, RunId run, string root, LayerId? top, LiveShells live)
    {
        (_files, _squash, _runner, _blobs, _run, Root, Top, _depth) = (places.Files, places.Squash, places.Runner, places.Blobs, run, root, top, places.Depth);
        _storing = places.Storing;
        _below = live.IsMounted ? live.Below : top;
        _stack = new(_files, _squash, root, _below, _depth);
        _shells = new(run, places.Holder, _files, _blobs, places.Time, _changing, Request, () => _below);
        try
        {
            _open = live.IsMounted ? OpenLayer.Adopt(_files, run) : OpenLayer.Create(_files, run, _stack.View.Root().Stat);
            _copied = live.IsMounted && top is { } copy && _files.Meta(copy).Parent == _below ? _files.Meta(copy).Edits : null;
            _view = WithOpen();
            _shells.Adopt(live.Known, live.Client, live.State, live.Ended);
        }
        catch
        {
            _stack.Dispose();
            throw;
        }
    }

    public IShells Shells => _shells;

    public string Root { get; }

    public LayerId? Top { get; private set; }

    public WorkspaceEntry? Stat(string path)
    {
        var at = Resolve(path, false);
        return at.Entry is null ? null : _view.Describe(at.Entry);
    }

    public long? Stamp(string path)
    {
        // Where it lies, too: a file of the repository that moves into a layer is another one.
        var stat = Resolve(path, true).Entry?.Stat;
        return stat is { Kind: EntryKind.File } file
            ? HashCode.Combine(file.Device, file.Inode, file.Modified, file.Length) * 4_294_967_296L | (uint)HashCode.Combine(file.Changed, file.Modified)
            : null;
    }

    public ImmutableArray<WatchedPlace> Places(string path) => FileNames.IsGit(path) ? []
        : [new(Root, path), new(Path.Combine(_files.Path, "open"), $"{FileNames.Last(_open.Root)}/d/{path}")];

    public WorkspaceFile Read(string path, long maxBytes)
    {
        var found = Existing(path);
        if (found.Stat.Kind != EntryKind.File)
        {
            throw WrongKind(path, "file");
        }

        using var file = _view.OpenFile(found, out var stat);
        var bytes = FileContent.ReadAll(file, path, maxBytes);
        return new(found.Path, BlobHash.Of(bytes), bytes, stat.Mode);
    }

    public IReadOnlyList<WorkspaceEntry> List(string path)
    {
        var found = Existing(path);
        return found.Stat.Kind == EntryKind.Directory
            ? [.. _view.Children(found).Select(_view.Describe)]
            : throw WrongKind(path, "directory");
    }

    public BlobHash Write(string path, ReadOnlySpan<byte> content, BlobHash? expected)
    {
        using var idle = EnterIdle();
        var at = Resolve(path, true);
        if (at.Path.Length == 0 || at.Entry is { Stat.Kind: not EntryKind.File })
        {
            throw WrongKind(path, "file");
        }

        if (at.Blocked)
        {
            throw new WorkspaceException(FileProblem.WrongKind, $"'{path}' goes through '{at.Path}', which is no directory.");
        }

        if (FileNames.IsGit(at.Path))
        {
            throw new WorkspaceException(FileProblem.ReadOnly, $"'{path}' belongs to the repository's own .git, which agents cannot write.");
        }

        if (FileNames.Last(at.Path).Length == 0 || path.EndsWith('/'))
        {
            throw WrongKind(path, "file");
        }

        var there = at.Entry is null ? (BlobHash?)null : _view.State(at.Entry).Content;
        if (there != expected)
        {
            throw new WorkspaceException(FileProblem.Changed, there is null
                ? $"'{path}' does not exist any more; read its directory again."
                : expected is null ? $"'{path}' exists already; read it before it is replaced." : $"'{path}' changed since it was read; read it again.");
        }

        if (_shells.IsMounted)
        {
            _shells.MarkAsync().GetAwaiter().GetResult();
            MountedFile.Write(_shells.MountedAt, at.Path, content, at.Entry?.Stat, _files.IsRoot);
        }
        else
        {
            _open.Write(_view, at.Path, content, at.Entry?.Stat);
        }

        return BlobHash.Of(content);
    }

    public async Task<SandboxResult> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        ObjectDisposedException.ThrowIf(_closed, this);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        if (command.ReadOnly)
        {
            return await _runner.RunAsync(Request(command), stop.Token);
        }

        await _changing.WaitAsync(stop.Token);
        try
        {
            if (!await _shells.TryRestAsync())
            {
                throw new WorkspaceException(
                    FileProblem.Io, $"The workspace is held by {await _shells.HoldersAsync()}. Run the command in that shell or another one of the run, or end what holds it. The command was not run.");
            }

            return await _runner.RunAsync(Request(command), stop.Token);
        }
        finally
        {
            _changing.Release();
        }
    }

    public async Task<ISandboxProcess> StartAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        ObjectDisposedException.ThrowIf(_closed, this);
        if (!command.ReadOnly)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
            await _changing.WaitAsync(stop.Token);
        }

        Action release = command.ReadOnly ? () => { } : () => _changing.Release();
        try
        {
            return await _runner.StartAsync(Request(command), release, _closing.Token);
        }
        catch
        {
            release();
            throw;
        }
    }

    public ImmutableArray<PathChange>? ChangesSince(LayerId? layer)
    {
        var net = new SortedDictionary<string, PathChange?>(StringComparer.Ordinal);
        var at = Top;
        foreach (var meta in _files.Chain(Top).TakeWhile(m => m.Layer != layer))
        {
            // The layers come from the top down: each tells what there was before those that were seen.
            foreach (var older in meta.ToChanges().Changes)
            {
                net[older.Path] = net.TryGetValue(older.Path, out var newer) && newer is not null ? Over(older, newer) : older;
            }

            at = meta.Parent;
        }

        return at == layer ? [.. net.Values.OfType<PathChange>()] : null;
    }

    public void Discard()
    {
        using var idle = EnterIdle();
        if (_shells.IsMounted)
        {
            throw new InvalidOperationException("What shells hold cannot be discarded.");
        }

        _open.Clear(_stack.View.Root().Stat);
        _view = WithOpen();
    }

    /// <summary>Writes what paths were before changes of them.</summary>
    public void Restore(ImmutableArray<PathChange> changes, Func<BlobHash, byte[]> content)
    {
        using var idle = EnterIdle();
        new PathRestorer(_open, _view, content).Restore(changes);
    }

    public ImmutableArray<ManifestEntry> Manifest()
    {
        var lines = new List<ManifestEntry>();
        foreach (var found in _view.Walk(_view.Root()))
        {
            var state = _view.State(found);
            lines.Add(new(found.Path, state.Kind, state.Mode, state.Content) { Attributes = state.Attributes });
        }

        return [.. lines.OrderBy(l => l.Path, StringComparer.Ordinal)];
    }

    public async ValueTask DisposeAsync()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        if (_frozen > 0)
        {
            _storing?.Add(Top!.Value);
        }

        await _closing.CancelAsync();
        await _changing.WaitAsync(CancellationToken.None);
        if (_shells.Release())
        {
            // Shells live on over it; who opens the run next goes on with it or drops it.
            _open.Leave();
        }
        else
        {
            _open.Drop();
        }

        _stack.Dispose();
        _changing.Dispose();
        _closing.Dispose();
    }

    /// <summary>Two changes of a path as one; null when there is nothing before and nothing after.</summary>
    private static PathChange? Over(PathChange older, PathChange newer) => (older.Change, newer.Change) switch
    {
        (ChangeKind.Added, ChangeKind.Deleted) => null,
        (ChangeKind.Added, _) => newer with { Change = ChangeKind.Added, Before = older.Before, BeforeMode = older.BeforeMode },
        (ChangeKind.Deleted, ChangeKind.Added) => newer with { Change = ChangeKind.Modified, Before = older.Before, BeforeMode = older.BeforeMode, BeforeKind = older.BeforeKind ?? older.Kind },
        _ => newer with { Before = older.Before, BeforeMode = older.BeforeMode, BeforeKind = older.BeforeKind },
    };

    private MergedView WithOpen() => new(_stack.View.Levels.Insert(0, new(_open.Tree, _open.Mount)), _files.OpaqueAttribute);

    private Resolution Resolve(string path, bool followLast)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        return new PathResolver(_view, Root).Resolve(path, followLast);
    }

    private Found Existing(string path) => Resolve(path, true).Entry
        ?? throw new WorkspaceException(FileProblem.NotFound, $"There is no '{path}' in the workspace.");

    private static WorkspaceException WrongKind(string path, string expected) => new(FileProblem.WrongKind, $"'{path}' is no {expected}.");

    private SandboxRequest Request(SandboxCommand command)
    {
        var directory = Existing(command.Directory);
        return directory.Stat.Kind != EntryKind.Directory
            ? throw WrongKind(command.Directory, "directory")
            : new(
                _run,
                Root,
                _open,
                [.. _stack.View.Levels.Select(l => l.Mount)],
                _view.Root().Stat,
                command.OpensGit ? null : _stack.View.Levels[^1].Tree.Stat(".git")?.Kind,
                command with { Directory = directory.Path });
    }

    /// <summary>
    /// File tools and freezing must not touch the open layer while a command has it mounted: overlayfs calls that
    /// undefined. The kernel orders calls, so meeting one here is a bug of the caller.
    /// </summary>
    private Idle EnterIdle()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        _gate.Enter();
        if (_changing.Wait(TimeSpan.Zero))
        {
            return new(this);
        }

        _gate.Exit();
        throw new InvalidOperationException("A command that changes the workspace is still running.");
    }

    private sealed class Idle(Workspace owner) : IDisposable
    {
        public void Dispose()
        {
            owner._changing.Release();
            owner._gate.Exit();
        }
    }
}
