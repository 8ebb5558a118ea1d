using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sandbox.Isolation;
using Cairn.Sandbox.Layers;
using Cairn.Sandbox.Limits;

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
    private readonly SandboxRunner _runner;
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
        _files = new(stateDirectory);
        _blobs = blobs;
        _options = options ?? new();
        _squash = new(_files);
        _runner = new(time, SandboxRunner.Choose(_files, _options.Mounts, _options.Backend));
    }

    /// <summary>Tests only: called with the number of each step of a merge, to fail there as a crash would.</summary>
    internal Action<int>? MergeFault { get; set; }

    internal LayerFiles Files => _files;

    /// <inheritdoc/>
    public IWorkspace Open(RunId run, string repository, LayerId? top)
    {
        var root = CheckRepository(repository);
        foreach (var meta in _files.Chain(top).Take(1))
        {
            if (meta.Repository != root)
            {
                throw new WorkspaceException(FileProblem.WrongKind, $"Layer '{meta.Layer}' belongs to '{meta.Repository}', not to '{root}'.");
            }
        }

        CgroupTree.Current.KillLeftovers(_files.Owner, run);
        return new Workspace(_files, _squash, _runner, _blobs, run, root, top, _options.SquashDepth);
    }

    /// <inheritdoc/>
    public LayerChanges Changes(LayerId layer) => _files.Meta(layer).ToChanges();

    /// <inheritdoc/>
    public ImmutableArray<PathChange> NetChanges(LayerId? top, LayerId? above) => [.. NetEdits(top, above).Select(e => e.ToChange())];

    /// <inheritdoc/>
    public byte[] Content(BlobHash hash) => _blobs.TryGet(hash) ?? LargeContent(hash);

    /// <inheritdoc/>
    public MergePlan PlanMerge(string repository, LayerId? top)
    {
        var root = CheckRepository(repository);
        using var view = new StackView(_files, _squash, root, top, _options.SquashDepth);
        return new MergePlanner(view.View, root, Content, _blobs).Plan(top, NetEdits(top, null));
    }

    /// <inheritdoc/>
    public void ApplyMerge(MergePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Conflicts.Length > 0)
        {
            throw new WorkspaceException(FileProblem.Changed, $"The merge has {plan.Conflicts.Length} conflicts, the first at '{plan.Conflicts[0].Path}'. Nothing was changed.");
        }

        using var apply = new MergeApply(CheckRepository(plan.Repository), plan, Content, MergeFault);
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
        return new LayerCollector(_files, _squash, _options.CollectionGrace, dryRun, progress, cancellationToken).Run(reachable);
    }

    /// <summary>The contents that a layer's description names.</summary>
    public IEnumerable<BlobHash> Contents(LayerId layer) =>
        _files.Meta(layer).Edits.SelectMany(edit => new[] { edit.Before?.Content ?? default, edit.After?.Content ?? default }).Where(hash => !hash.IsNone);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _runner.Dispose();
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

    /// <summary>Contents over the capture limit are read where they lie: in a layer, or in the repository while it is unchanged.</summary>
    private byte[] LargeContent(BlobHash hash)
    {
        foreach (var meta in _files.All().Select(_files.Meta))
        {
            foreach (var edit in meta.Edits)
            {
                if (edit.After is { Kind: EntryKind.File } after && after.Content == hash)
                {
                    using var tree = _files.OpenTree(LayerFiles.LayerTree(meta.Layer));
                    using var file = tree.OpenFile(edit.Path, out _);
                    return FileContent.ReadAll(file, edit.Path, int.MaxValue);
                }

                if (edit.Before is { Kind: EntryKind.File } before && before.Content == hash && FromRepository(meta.Repository, edit.Path, hash) is { } bytes)
                {
                    return bytes;
                }
            }
        }

        throw new InvalidDataException($"The content {hash} is neither in the blob store nor in a layer.");
    }

    private static byte[]? FromRepository(string repository, string path, BlobHash hash)
    {
        try
        {
            using var tree = DirectoryHandle.Open(repository);
            using var file = tree.OpenFile(path, out _);
            var bytes = FileContent.ReadAll(file, path, int.MaxValue);
            return BlobHash.Of(bytes) == hash ? bytes : null;
        }
        catch (WorkspaceException)
        {
            return null;
        }
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
