using Cairn.Abstractions;
using Cairn.Memory.Indexing;

namespace Cairn.Host;

/// <summary>
/// The model of one repository as its files are, shared by all runs on it. It is built beside them, and each answer takes in
/// what changed until then: by the kernel's word where it can be had, else by looking at every file's stamp.
/// </summary>
internal sealed class LiveRepository : IAsyncDisposable
{
    /// <summary>The most changes that are remembered for runs which did not ask for long; those look at everything then.</summary>
    private const int MaxRemembered = 512;

    /// <summary>Files of the first part of a building. Each part is twice as large as the one before, so that linking anew what was linked costs no more than the whole.</summary>
    private const int FirstPart = 200;

    private const int MostWalks = 3;

    private readonly ILayerStore _layers;
    private readonly string _root;
    private readonly Func<FactCache?> _cache;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private readonly Queue<(long Sequence, IReadOnlyCollection<string> Paths)> _changes = new();
    private readonly Dictionary<string, long?> _stamps = new(StringComparer.Ordinal);
    private readonly Lazy<Task> _building;
    private RepositoryWatch? _watch;
    private IWorkspace? _workspace;
    private FileWalk? _walk;
    private CodeModel _model = CodeModel.Empty;
    private IndexProgress _progress = new(0, 0, "");
    private long _sequence;

    // An update failed halfway: what it was told is lost.
    private bool _isUncertain;

    /// <param name="layers">Opens the repository.</param>
    /// <param name="root">Its absolute path.</param>
    /// <param name="cache">Opens what is known of its files from earlier; null when somebody else has it open.</param>
    public LiveRepository(ILayerStore layers, string root, Func<FactCache?> cache)
    {
        (_layers, _root, _cache) = (layers, root, cache);
        _building = new(() => Task.Run(() => BuildAsync(_closing.Token)));
    }

    /// <summary>Begins to build, if nobody has yet, and does not wait.</summary>
    public Task Building => _building.Value;

    /// <summary>How far the building is, for people and agents.</summary>
    public string Progress => _building.IsValueCreated && _building.Value.IsFaulted
        ? $"The model of the code could not be built: {SafeText.Line(_building.Value.Exception!.InnerException!.Message, 300)}"
        : _progress.Total == 0 ? "The model of the code is being built: the files are being listed." : $"The model of the code is being built: {_progress.Done:N0} of {_progress.Total:N0} files.";

    /// <summary>What there is of the model, also while it is being built, and whether that is all.</summary>
    public (CodeModel Model, bool IsWhole) SoFar
    {
        get
        {
            lock (_changes)
            {
                return (_model, Building.IsCompletedSuccessfully);
            }
        }
    }

    /// <summary>What the model lacks: a program that reads some languages, files that are too large.</summary>
    public IReadOnlyList<string> Remarks { get; private set; } = [];

    /// <summary>The model of the files as they are now, and the number of the last change in it. Waits for the building.</summary>
    public async Task<(CodeModel Model, long Sequence)> NowAsync(CancellationToken cancellationToken)
    {
        await Building.WaitAsync(cancellationToken);
        await _gate.WaitAsync(cancellationToken);
        try
        {
            // Not for this one asker: what the kernel said is said once, and an update that is left halfway would lose it.
            await CatchUpAsync(_closing.Token);
            return (_model, _sequence);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The paths that changed since; null when that is too long ago to be known.</summary>
    public IReadOnlyCollection<string>? ChangedSince(long sequence)
    {
        lock (_changes)
        {
            return sequence >= _sequence ? [] : _changes.Count > 0 && _changes.Peek().Sequence <= sequence + 1
                ? [.. _changes.Where(change => change.Sequence > sequence).SelectMany(change => change.Paths).Distinct(StringComparer.Ordinal)]
                : null;
        }
    }

    /// <summary>Whether a path belongs into a model.</summary>
    public bool Includes(string path) => _walk?.Includes(path, false) ?? false;

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        if (_building.IsValueCreated)
        {
            await Building.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        await _gate.WaitAsync(CancellationToken.None);
        _watch?.Dispose();
        if (_workspace is not null)
        {
            await _workspace.DisposeAsync();
        }

        _closing.Dispose();
    }

    private async Task BuildAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            _workspace = _layers.Open(RunStarter.NewId(), _root, null);

            // Watched before it is read: what changes in between is looked at once more.
            _watch = RepositoryWatch.TryOpen(_root);
            await LookAtAllAsync(cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task LookAtAllAsync(CancellationToken cancellationToken)
    {
        var paths = Watched(cancellationToken);
        Stamp(paths);
        using var cache = _cache();
        var indexer = new CodeIndexer(new CtagsOutliner(_workspace!), cache);
        var remarks = new HashSet<string>(StringComparer.Ordinal);
        for (var (at, size) = (0, FirstPart); at < paths.Count; at += size, size *= 2)
        {
            var part = paths.Skip(at).Take(size).ToList();
            var report = await indexer.UpdateAsync(_model, _workspace!, part, new Counting(this, at, paths.Count), cancellationToken);
            remarks.UnionWith(report.Remarks);
            Changed(report.Model, null);
        }

        var there = paths.ToHashSet(StringComparer.Ordinal);
        if (_model.Paths.Where(path => !there.Contains(path)).ToList() is { Count: > 0 } gone)
        {
            Changed(_model.With(gone, [], cancellationToken), null);
        }

        Remarks = _walk!.Skipped == 0 ? [.. remarks] : [.. remarks, $"{_walk.Skipped:N0} files are not in the model: they are too large, or too many."];
    }

    /// <summary>The files, with all their folders watched: what comes into a folder before it is watched is seen by walking once more.</summary>
    private IReadOnlyList<string> Watched(CancellationToken cancellationToken)
    {
        var watched = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < MostWalks; i++)
        {
            _walk = FileWalk.Of(_workspace!, cancellationToken);
            var more = _walk.Folders.Where(watched.Add).ToList();
            if (_watch is null || more.Count == 0)
            {
                break;
            }

            if (!more.TrueForAll(_watch.Add))
            {
                _watch.Dispose();
                _watch = null;
            }
        }

        return _walk!.Paths;
    }

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        var files = new HashSet<string>(StringComparer.Ordinal);
        var isUncertain = _isUncertain;
        _isUncertain = true;
        if (isUncertain || !await Task.Run(() => Find(files, cancellationToken), cancellationToken))
        {
            await LookAtAllAsync(cancellationToken);
            _isUncertain = false;
            return;
        }

        files.RemoveWhere(path => !Includes(path) && _model.VersionOf(path) is null);
        if (files.Count > 0)
        {
            var report = await new CodeIndexer(new CtagsOutliner(_workspace!), null).UpdateAsync(_model, _workspace!, files, null, cancellationToken);
            Remarks = [.. Remarks.Union(report.Remarks)];
            Changed(report.Model, files);
        }

        _isUncertain = false;
    }

    /// <summary>Finds what may have changed.</summary>
    /// <returns>False when everything is to be looked at.</returns>
    private bool Find(HashSet<string> files, CancellationToken cancellationToken)
    {
        if (_watch is null)
        {
            _walk = FileWalk.Of(_workspace!, cancellationToken);
            files.UnionWith(_model.Paths.Concat(_walk.Paths).Where(path => !_stamps.TryGetValue(path, out var stamp) || stamp is null || stamp != _workspace!.Stamp(path)).ToList());
            Stamp(files);
            return true;
        }

        var folders = new HashSet<string>(StringComparer.Ordinal);
        if (!_watch.Take(files, folders) || files.Any(path => path == ".gitignore" || path.EndsWith("/.gitignore", StringComparison.Ordinal)))
        {
            return false;
        }

        foreach (var folder in folders)
        {
            files.UnionWith(_model.Paths.Where(path => path.StartsWith(folder + "/", StringComparison.Ordinal)).ToList());
            files.UnionWith(_walk!.Add(_workspace!, folder, cancellationToken));
            if (!_walk.Folders.Where(each => each == folder || each.StartsWith(folder + "/", StringComparison.Ordinal)).ToList().TrueForAll(_watch.Add))
            {
                return false;
            }

            // Once more, now that it is watched: what came into it in between.
            files.UnionWith(_walk.Add(_workspace!, folder, cancellationToken));
        }

        return true;
    }

    private void Stamp(IEnumerable<string> paths)
    {
        if (_watch is null)
        {
            foreach (var path in paths)
            {
                _stamps[path] = _workspace!.Stamp(path);
            }
        }
    }

    private void Changed(CodeModel model, IReadOnlyCollection<string>? paths)
    {
        lock (_changes)
        {
            _model = model;
            _sequence++;
            if (paths is null)
            {
                _changes.Clear();
                return;
            }

            _changes.Enqueue((_sequence, paths));
            if (_changes.Count > MaxRemembered)
            {
                _changes.Dequeue();
            }
        }
    }

    private sealed class Counting(LiveRepository repository, int before, int total) : IProgress<IndexProgress>
    {
        public void Report(IndexProgress value) => repository._progress = new(before + value.Done, total, value.Path);
    }
}
