using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sandbox.Isolation;
using Cairn.Sandbox.Isolation.Bubblewrap;
using Cairn.Sandbox.Layers;
using Cairn.Sandbox.Limits;
using Cairn.Sandbox.Sessions;

namespace Cairn.Sandbox;

/// <summary>
/// The workspaces of one state directory: frozen layers, the open layer of each run, merge, and the sandbox that runs
/// commands over them. The state directory must lie outside every repository, on a file system that can hold overlay
/// layers (not itself an overlay). One process may use it at a time.
/// </summary>
public sealed class LayerStore : ILayerStore, IDisposable
{
    private readonly LayerFiles _files;
    private readonly IBlobStore _blobs;
    private readonly LayerStoreOptions _options;
    private readonly Squash _squash;
    private readonly ContentPlaces _places;
    private readonly SandboxRunner _runner;
    private readonly ShellHolder _holder;
    private readonly LayerStoring? _storing;
    private readonly WorkspacePlaces _workspaces;
    private int _disposed;

    /// <summary>Opens or makes the store.</summary>
    /// <param name="stateDirectory">Where the layers live.</param>
    /// <param name="blobs">Takes the contents that diffs and merges need.</param>
    /// <param name="time">For wall time limits.</param>
    /// <param name="options">Mounts and limits; null for the defaults.</param>
    public LayerStore(string stateDirectory, IBlobStore blobs, TimeProvider time, LayerStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stateDirectory);
        ArgumentNullException.ThrowIfNull(blobs);
        ArgumentNullException.ThrowIfNull(time);
        _options = options ?? new();
        _files = new(stateDirectory, blobs: blobs, flush: _options.FlushBodies);
        _blobs = blobs;
        _squash = new(_files);
        _runner = new(time, SandboxRunner.Choose(_files, _options.Mounts, _options.Backend), () => new BubblewrapBackend(_files, _options.Mounts));
        _places = new(_files, blobs);
        _holder = new(_files, _options.Mounts);
        _storing = _options.StoresBehind ? new(_files, _files.Archive, time) : null;
        _workspaces = new(_files, _squash, _runner, blobs, time, _options.SquashDepth, _holder, _storing);
    }

    /// <summary>Tests only: called with the number of each step of a merge, to fail there as a crash would.</summary>
    internal Action<int>? MergeFault { get; set; }

    /// <summary>Told of every operation of a merge before it is done, for tests.</summary>
    internal Action<string>? MergeCrash { get; set; }

    internal LayerFiles Files => _files;

    /// <summary>The sandbox backend in use, by name.</summary>
    public string Backend => _runner.Backend;

    /// <inheritdoc/>
    public IWorkspace Open(RunId run, string repository, LayerId? top) => Open(run, repository, top, null);

    /// <inheritdoc/>
    public void EndShells(RunId run) => _holder.End(run);

    /// <inheritdoc/>
    public IReadOnlyList<RunId> RunsWithShells() => _holder.Runs();

    /// <inheritdoc/>
    public IWorkspace Open(RunId run, string repository, LayerId? top, ShellSet? shells)
    {
        var root = CheckRepository(repository);
        foreach (var meta in _files.Chain(top).Take(1))
        {
            if (meta.Repository != root)
            {
                throw new WorkspaceException(FileProblem.WrongKind, $"Layer '{meta.Layer}' belongs to '{meta.Repository}', not to '{root}'.");
            }
        }

        if (_files.State.Stat(LayerFiles.OpenRoot(run)) is not null)
        {
            // Only a process that died with the run open leaves commands behind, and then this as well. Looking costs time
            // in proportion to all control groups of the machine.
            CgroupTree.Current.KillLeftovers(_files.Owner, run);
        }

        return new Workspace(_workspaces, run, root, top, LiveShells.Find(_files, _holder, run, shells, top));
    }

    /// <inheritdoc/>
    public LayerChanges Changes(LayerId layer)
    {
        var meta = _files.Meta(layer);
        _places.Learn(meta);
        return meta.ToChanges();
    }

    /// <inheritdoc/>
    public ImmutableArray<PathChange> NetChanges(LayerId? top, LayerId? above) => [.. NetEdits(top, above).Select(e => e.ToChange())];

    /// <inheritdoc/>
    public byte[] Content(BlobHash hash) => _blobs.TryGet(hash) ?? _places.Find(hash);

    /// <inheritdoc/>
    public MergePlan PlanMerge(string repository, LayerId? top) => PlanMerge(repository, top, []);

    /// <inheritdoc/>
    public MergePlan PlanMerge(string repository, LayerId? top, ImmutableArray<ConflictResolution> resolutions)
    {
        var root = CheckRepository(repository);
        using var view = new StackView(_files, _squash, root, top, _options.SquashDepth);
        return new MergePlanner(view.View, root, Content, _blobs, resolutions).Plan(top, NetEdits(top, null));
    }

    /// <inheritdoc/>
    public ConflictText? TextOf(MergeConflict conflict)
    {
        ArgumentNullException.ThrowIfNull(conflict);
        var origin = conflict.Origin is { Kind: EntryKind.File } file ? file.Content : (BlobHash?)null;
        return conflict is { Repository.Kind: EntryKind.File, Run.Kind: EntryKind.File }
            && new MergeTexts(Content, _blobs).Parts(origin, conflict.Ours, conflict.Theirs) is { } parts ? TextMerge.Marked(parts) : null;
    }

    /// <inheritdoc/>
    public async Task<LayerChanges?> TakeBackAsync(
        RunId owner, string repository, LayerId? top, LayerId layer, ImmutableArray<PathChange> changes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await using var workspace = (Workspace)Open(owner, repository, top);
        workspace.Restore(changes, Content);
        return workspace.Freeze(layer);
    }

    /// <inheritdoc/>
    public void ApplyMerge(MergePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _ = NetEdits(plan.Top, null); // So that the contents' places are known.
        if (plan.Conflicts.Length > 0)
        {
            throw new WorkspaceException(FileProblem.Changed, $"The merge has {plan.Conflicts.Length} conflicts, the first at '{plan.Conflicts[0].Path}'. Nothing was changed.");
        }

        using var apply = new MergeApply(CheckRepository(plan.Repository), plan, Content, new MergeDisk(MergeCrash), MergeFault);
        apply.Run();
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<SandboxFact>> ProbeAsync(CancellationToken cancellationToken) =>
        new SandboxProbe(_files, this).RunAsync(cancellationToken);

    /// <summary>
    /// Removes the layers that nothing reaches, what was derived from them, and what crashed processes left. Safe beside
    /// runs of this process, and against a crash: every layer is there whole or gone, and none loses its parent.
    /// </summary>
    /// <param name="reachable">Works out which layers are named; their parents stay too. Called after the moment from which new layers are kept.</param>
    /// <param name="dryRun">Change nothing, only count.</param>
    /// <param name="progress">Told now and then what is being done; may be null.</param>
    /// <param name="cancellationToken">Stops between two layers; what was done stays done.</param>
    public LayersReclaimed Collect(
        Func<IEnumerable<LayerId>> reachable, bool dryRun, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reachable);

        // What is being stored when the collection begins is listed before anybody asks which bodies are needed.
        lock (_files.Archive.Storing)
        {
            return new LayerCollector(_files, _squash, _options.CollectionGrace, dryRun, progress, cancellationToken).Run(reachable);
        }
    }

    /// <inheritdoc/>
    public int Count => _files.All().Count();

    /// <inheritdoc/>
    public IReadOnlyList<LayerId> NotStored() => [.. _files.All().Where(id => _files.Catalog.PackOf(id) is null)];

    /// <inheritdoc/>
    public void Store(CancellationToken cancellationToken)
    {
        lock (_files.Archive.Storing)
        {
            // The ends of the stacks, so that neighbours come into one pack.
            var open = NotStored().Select(_files.Meta).ToDictionary(meta => meta.Layer);
            foreach (var top in open.Keys.Except(open.Values.Select(meta => meta.Parent).OfType<LayerId>()).OrderBy(id => id.Value, StringComparer.Ordinal))
            {
                _files.Archive.TryStore(_files.Chain(top).TakeWhile(meta => _files.Catalog.PackOf(meta.Layer) is null), cancellationToken);
            }
        }
    }

    /// <summary>The bodies that a layer needs: the contents that its description names, and its own if it is stored.</summary>
    public IEnumerable<BlobHash> Contents(LayerId layer) =>
        _files.Meta(layer).Edits.SelectMany(edit => new[] { edit.Before?.Content ?? default, edit.After?.Content ?? default, edit.Base ?? default, edit.Before?.Attributes ?? default, edit.After?.Attributes ?? default })
            .Concat(_files.Archive.BodiesOf(layer)).Where(hash => !hash.IsNone);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _storing?.Dispose();
        _runner.Dispose();
        _holder.Dispose();
        _files.Dispose();
    }

    internal ImmutableArray<LayerEdit> NetEdits(LayerId? top, LayerId? above)
    {
        var layers = new Stack<LayerMeta>();
        foreach (var meta in _files.Chain(top))
        {
            if (meta.Layer == above)
            {
                above = null;
                goto fold;
            }

            _places.Learn(meta);
            layers.Push(meta);
        }

        if (above is not null)
        {
            throw new WorkspaceException(FileProblem.NotFound, $"Layer '{above}' does not lie below '{top}'.");
        }

    fold:
        var net = new SortedDictionary<string, LayerEdit>(StringComparer.Ordinal);
        foreach (var edit in layers.SelectMany(l => l.Edits))
        {
            net[edit.Path] = net.TryGetValue(edit.Path, out var first) ? first with { After = edit.After } : edit;
        }

        return [.. net.Values.Where(e => e.Before != e.After)];
    }

    private string CheckRepository(string repository)
    {
        ArgumentNullException.ThrowIfNull(repository);
        var root = Path.TrimEndingDirectorySeparator(repository);
        if (!FileNames.IsPath(root) || !Path.IsPathFullyQualified(root) || root == "/" || Path.GetFullPath(root) != root)
        {
            throw new WorkspaceException(FileProblem.Outside, $"'{repository}' is no plain absolute path of a repository.");
        }

        if (_files.Path == root || _files.Path.StartsWith(root + "/", StringComparison.Ordinal) || root.StartsWith(_files.Path + "/", StringComparison.Ordinal))
        {
            throw new WorkspaceException(
                FileProblem.WrongKind, $"The state directory '{_files.Path}' and the repository '{root}' overlap. Set CAIRN_STATE to a directory outside.");
        }

        if (!Directory.Exists(root))
        {
            throw new WorkspaceException(FileProblem.NotFound, $"There is no directory '{root}'.");
        }

        SystemMounts.CheckRepository(root);
        return root;
    }
}
