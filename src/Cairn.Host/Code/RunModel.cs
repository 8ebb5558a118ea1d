using Cairn.Abstractions;
using Cairn.Memory.Indexing;

namespace Cairn.Host;

/// <summary>
/// The model of what one run sees: the repository's own with what its layers changed. It costs what differs. Brought up to
/// date when it is asked for, over a view of its own of the frozen layers.
/// </summary>
internal sealed class RunModel(LiveRepository repository, ILayerStore layers, string root, TimeProvider time)
{
    /// <summary>The most time that a step waits for the model; what is not ready then says so.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(1);

    /// <summary>The most time that a run waits, once, for the model to be built: a small repository's is there by then.</summary>
    public static readonly TimeSpan MaxFirstWait = TimeSpan.FromSeconds(5);

    /// <summary>The most time that a question waits for the model; it is answered from what there is then, and says so.</summary>
    public static readonly TimeSpan MaxQuestionWait = TimeSpan.FromSeconds(5);

    /// <summary>The most of the run's changed files that are looked at for an answer from a model that is not finished.</summary>
    private const int MaxPartial = 200;

    private int _asked;

    private readonly Lock _gate = new();
    private (CodeModel Model, LayerId? Top, long Sequence)? _last;

    /// <summary>The run's files at a layer with their model; else why there is none now. The caller disposes the view.</summary>
    public Task<(ModelView? View, string? Why)> AtAsync(LayerId? top, CancellationToken cancellationToken) =>
        AtAsync(top, Interlocked.Exchange(ref _asked, 1) == 0 ? MaxFirstWait : MaxWait, cancellationToken);

    /// <summary>Likewise, but while the model is not finished, what there is of it. The caller disposes the view.</summary>
    /// <returns>The view, and what it lacks.</returns>
    public async Task<(ModelView? View, IReadOnlyList<string> Lacks)> BestAsync(LayerId? top, CancellationToken cancellationToken)
    {
        var (view, why) = await AtAsync(top, MaxQuestionWait, cancellationToken);
        if (view is not null)
        {
            return (view, repository.Remarks);
        }

        try
        {
            var (partial, left) = await PartialAsync(top, cancellationToken);
            if (partial.Model.FileCount == 0)
            {
                await partial.DisposeAsync();
                return (null, [why!]);
            }

            return (partial, [$"{why} This answer comes from what there is of it{(left == 0 ? "" : $", without {left:N0} of the run's changed files")}; ask again later, or search.", .. repository.Remarks]);
        }
        catch (Exception e) when (e is WorkspaceException or IOException or InvalidDataException)
        {
            return (null, [why!]);
        }
    }

    private async Task<(ModelView? View, string? Why)> AtAsync(LayerId? top, TimeSpan wait, CancellationToken cancellationToken)
    {
        // What takes longer goes on, and serves whoever asks next.
        var update = Task.Run(() => UpdateAsync(top, cancellationToken), cancellationToken);
        try
        {
            return (await update.WaitAsync(wait, time, cancellationToken), null);
        }
        catch (TimeoutException)
        {
            _ = update.ContinueWith(late => late.Result.DisposeAsync().AsTask(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            return (null, repository.Building.IsCompletedSuccessfully ? "The model of the code was not up to date in time." : repository.Progress);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, "The host is closing.");
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            // Whatever went wrong with looking, the run itself goes on.
            return (null, $"The model of the code is not to be had: {SafeText.Line(e.Message, 300)}");
        }
    }

    /// <summary>The unfinished model with the run's own changes, as many as are looked at, and how many are not.</summary>
    private async Task<(ModelView View, int Left)> PartialAsync(LayerId? top, CancellationToken cancellationToken)
    {
        var model = repository.SoFar.Model;
        var paths = Changed(layers.NetChanges(top, null), model).Where(path => repository.Includes(path) || model.VersionOf(path) is not null).ToList();
        var workspace = layers.Open(RunStarter.NewId(), root, top);
        try
        {
            return (new(await UpdatedAsync(model, workspace, [.. paths.Take(MaxPartial)], cancellationToken), workspace), Math.Max(0, paths.Count - MaxPartial));
        }
        catch
        {
            await workspace.DisposeAsync();
            throw;
        }
    }

    private async Task<ModelView> UpdateAsync(LayerId? top, CancellationToken cancellationToken)
    {
        var (shared, sequence) = await repository.NowAsync(cancellationToken);
        var workspace = layers.Open(RunStarter.NewId(), root, top);
        try
        {
            (CodeModel Model, LayerId? Top, long Sequence)? known;
            lock (_gate)
            {
                known = _last;
            }

            var paths = new HashSet<string>(StringComparer.Ordinal);
            var model = shared;
            if (known is { } last && Since(last.Top, top) is { } own && repository.ChangedSince(last.Sequence) is { } changed)
            {
                model = last.Model;
                paths.UnionWith(changed);
                paths.UnionWith(Changed(own, model));
            }
            else
            {
                paths.UnionWith(Changed(layers.NetChanges(top, null), model));
            }

            paths.RemoveWhere(path => !repository.Includes(path) && model.VersionOf(path) is null);
            model = await UpdatedAsync(model, workspace, paths, cancellationToken);
            lock (_gate)
            {
                _last = (model, top, sequence);
            }

            return new(model, workspace);
        }
        catch
        {
            await workspace.DisposeAsync();
            throw;
        }
    }

    private static async Task<CodeModel> UpdatedAsync(CodeModel model, IWorkspace workspace, IReadOnlyCollection<string> paths, CancellationToken cancellationToken) =>
        paths.Count == 0 ? model : (await new CodeIndexer(new CtagsOutliner(workspace), null).UpdateAsync(model, workspace, paths, null, cancellationToken)).Model;

    /// <summary>What a stack changed against the one that was looked at last; null when it does not stand right on it: after a rollback the repository is nearer.</summary>
    private IEnumerable<PathChange>? Since(LayerId? before, LayerId? after) =>
        before == after ? [] : after is { } next && layers.Changes(next) is { } changes && changes.Parent == before ? changes.Changes : null;

    /// <summary>The files of changes; what is known of a folder that is gone, or is something else now, is meant as well.</summary>
    private static IEnumerable<string> Changed(IEnumerable<PathChange> changes, CodeModel model)
    {
        var folders = new List<string>();
        foreach (var change in changes)
        {
            if (change.Change != ChangeKind.Added && (change.BeforeKind ?? change.Kind) == EntryKind.Directory && (change.Change == ChangeKind.Deleted || change.Kind != EntryKind.Directory))
            {
                folders.Add(change.Path + "/");
            }

            if (change.Kind != EntryKind.Directory || change.BeforeKind is not null)
            {
                yield return change.Path;
            }
        }

        if (folders.Count > 0)
        {
            foreach (var path in model.Paths.Where(path => folders.Exists(folder => path.StartsWith(folder, StringComparison.Ordinal))).ToList())
            {
                yield return path;
            }
        }
    }
}
