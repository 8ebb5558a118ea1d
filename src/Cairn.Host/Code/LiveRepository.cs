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

    /// <summary>The model of the files as they are now, and the number of the last change in it. Waits for the building.</summary>
    public async Task<(CodeModel Model, long Sequence)> NowAsync(CancellationToken cancellationToken)
    {
        await Building.WaitAsync(cancellationToken);
        await _gate.WaitAsync(cancellationToken);
        try
        {
            await CatchUpAsync(cancellationToken);
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
        _walk = FileWalk.Of(_workspace!, cancellationToken);
        if (_watch is not null && !_walk.Folders.All(_watch.Add))
        {
            _watch.Dispose();
            _watch = null;
        }

        Stamp(_walk.Paths);
        using var cache = _cache();
        var report = await new CodeIndexer(new CtagsOutliner(_workspace!), cache).RefreshAsync(_model, _workspace!, _walk, new Counting(this), cancellationToken);
        Changed(report.Model, null);
    }

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        var files = new HashSet<string>(StringComparer.Ordinal);
        if (!await Task.Run(() => Find(files, cancellationToken), cancellationToken))
        {
            await LookAtAllAsync(cancellationToken);
            return;
        }

        files.RemoveWhere(path => !Includes(path) && _model.VersionOf(path) is null);
        if (files.Count > 0)
        {
            var report = await new CodeIndexer(new CtagsOutliner(_workspace!), null).UpdateAsync(_model, _workspace!, files, null, cancellationToken);
            Changed(report.Model, files);
        }
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

    private sealed class Counting(LiveRepository repository) : IProgress<IndexProgress>
    {
        public void Report(IndexProgress value) => repository._progress = value;
    }
}
