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

    private int _asked;

    private readonly Lock _gate = new();
    private (CodeModel Model, LayerId? Top, long Sequence)? _last;

    /// <summary>The run's files at a layer with their model; else why there is none now. The caller disposes the view.</summary>
    public async Task<(ModelView? View, string? Why)> AtAsync(LayerId? top, CancellationToken cancellationToken)
    {
        // What takes longer goes on, and serves whoever asks next.
        var update = Task.Run(() => UpdateAsync(top, cancellationToken), cancellationToken);
        var isFirst = Interlocked.Exchange(ref _asked, 1) == 0;
        try
        {
            return (await update.WaitAsync(isFirst ? MaxFirstWait : MaxWait, time, cancellationToken), null);
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
            if (known is { } last && repository.ChangedSince(last.Sequence) is { } changed)
            {
                model = last.Model;
                paths.UnionWith(changed);
                paths.UnionWith(last.Top == top ? [] : Between(last.Top, top));
            }
            else
            {
                paths.UnionWith(Files(layers.NetChanges(top, null)));
            }

            paths.RemoveWhere(path => !repository.Includes(path) && model.VersionOf(path) is null);
            if (paths.Count > 0)
            {
                model = (await new CodeIndexer(new CtagsOutliner(workspace), null).UpdateAsync(model, workspace, paths, null, cancellationToken)).Model;
            }

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

    /// <summary>The paths in which two stacks may differ.</summary>
    private IEnumerable<string> Between(LayerId? before, LayerId? after) =>
        after is { } next && layers.Changes(next) is { } changes && changes.Parent == before
            ? Files(changes.Changes)
            : Files(layers.NetChanges(before, null)).Concat(Files(layers.NetChanges(after, null)));

    private static IEnumerable<string> Files(IEnumerable<PathChange> changes) => changes.Where(change => change.Kind != EntryKind.Directory || change.BeforeKind is not null).Select(change => change.Path);
}
