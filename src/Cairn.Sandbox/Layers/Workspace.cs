using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sandbox.Isolation;
using Cairn.Sandbox.Sessions;

namespace Cairn.Sandbox.Layers;

/// <summary>One run's view: the stack below, its open layer on top.</summary>
internal sealed class Workspace : IWorkspace
{
    private readonly LayerFiles _files;
    private readonly SandboxRunner _runner;
    private readonly RunId _run;
    private readonly RunLayers _layers;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly RunShells _shells;
    private readonly CancellationTokenSource _closing = new();
    private bool _closed;

    /// <param name="places">What the store shares with its workspaces.</param>
    /// <param name="run">The run.</param>
    /// <param name="root">The repository.</param>
    /// <param name="top">The top frozen layer.</param>
    /// <param name="live">What the run's shells hold; null when none live on.</param>
    public Workspace(WorkspacePlaces places, RunId run, string root, LayerId? top, LiveShells live)
    {
        (_files, _runner, _run, Root) = (places.Files, places.Runner, run, root);
        _layers = new(places, run, root, top, live);
        _shells = new(run, places.Holder, _files, places.Blobs, places.Time, _changing, Request, () => _layers.Below, () => _layers.Open);
        try
        {
            _shells.Adopt(live.Known, live.Client, live.State, live.Ended);
        }
        catch
        {
            _layers.IsHeld = live.IsMounted;
            _layers.Dispose();
            throw;
        }
    }

    public IShells Shells => _shells;

    public string Root { get; }

    public LayerId? Top => _layers.Top;

    public WorkspaceEntry? Stat(string path)
    {
        var at = Resolve(path, false);
        return at.Entry is null ? null : View.Describe(at.Entry);
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
        : [new(Root, path), new(Path.Combine(_files.Path, "open"), $"{FileNames.Last(_layers.Open.Root)}/d/{path}")];

    public WorkspaceFile Read(string path, long maxBytes)
    {
        var found = Existing(path);
        if (found.Stat.Kind != EntryKind.File)
        {
            throw WrongKind(path, "file");
        }

        using var file = View.OpenFile(found, out var stat);
        var bytes = FileContent.ReadAll(file, path, maxBytes);
        return new(found.Path, BlobHash.Of(bytes), bytes, stat.Mode);
    }

    public IReadOnlyList<WorkspaceEntry> List(string path)
    {
        var found = Existing(path);
        return found.Stat.Kind == EntryKind.Directory
            ? [.. View.Children(found).Select(View.Describe)]
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

        var there = at.Entry is null ? (BlobHash?)null : View.State(at.Entry).Content;
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
            _layers.Open.Write(View, at.Path, content, at.Entry?.Stat);
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
            return await _shells.TryRestAsync() ? await _runner.RunAsync(Request(command), stop.Token) : await RunBesideAsync(command, stop.Token);
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
            if (!command.ReadOnly && !await _shells.TryRestAsync())
            {
                throw await HeldAsync();
            }

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

        _layers.Discard();
    }

    public LayerChanges? Freeze(LayerId id)
    {
        using var idle = EnterIdle();
        return _layers.Freeze(id, isHeld: _shells.IsMounted);
    }

    public LayerChanges? FreezeLive(LayerId id)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        lock (_gate)
        {
            return _layers.FreezeCopy(id);
        }
    }

    /// <summary>Writes what paths were before changes of them.</summary>
    public void Restore(ImmutableArray<PathChange> changes, Func<BlobHash, byte[]> content)
    {
        using var idle = EnterIdle();
        new PathRestorer(_layers.Open, View, content).Restore(changes);
    }

    public ImmutableArray<ManifestEntry> Manifest()
    {
        var lines = new List<ManifestEntry>();
        foreach (var found in View.Walk(View.Root()))
        {
            var state = View.State(found);
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
        _layers.StoreRest();
        await _closing.CancelAsync();
        await _changing.WaitAsync(CancellationToken.None);

        // Shells live on over the open layer; who opens the run next goes on with it or drops it.
        _layers.IsHeld = await _shells.ReleaseAsync();
        _layers.Dispose();
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

    /// <summary>A command beside programs that run on in shells: it gets a sandbox of its own, over the workspace as they have it mounted.</summary>
    private async Task<SandboxResult> RunBesideAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        if (!_runner.CanShare(command))
        {
            throw await HeldAsync();
        }

        using var mount = await _shells.ShareAsync();
        try
        {
            return await _runner.RunAsync(Request(command) with { Shared = mount }, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _shells.Abandon();
            throw;
        }
    }

    private async Task<WorkspaceException> HeldAsync() => new(
        FileProblem.Io, $"The workspace is held by {await _shells.HoldersAsync()}. Run the command in that shell or another one of the run, or end what holds it. The command was not run.");

    private MergedView View => _layers.View;

    private Resolution Resolve(string path, bool followLast)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        return new PathResolver(View, Root).Resolve(path, followLast);
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
                _layers.Open,
                [.. _layers.Stack.Levels.Select(l => l.Mount)],
                View.Root().Stat,
                command.OpensGit ? null : _layers.Stack.Levels[^1].Tree.Stat(".git")?.Kind,
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
