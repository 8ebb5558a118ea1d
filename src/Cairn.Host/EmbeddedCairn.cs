using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>Cairn in this process.</summary>
internal sealed class EmbeddedCairn : ICairn
{
    private readonly RunServices _services;
    private readonly RunControl _control;
    private readonly RunViewer _viewer;
    private readonly IDisposable _store;
    private readonly Func<RunId, IReadOnlyList<string>> _damage;
    private readonly HashSet<RunId> _live = [];

    /// <param name="services">The ports.</param>
    /// <param name="store">The open state directory.</param>
    /// <param name="damage">Checks a run's records on disk and names what is wrong with them.</param>
    public EmbeddedCairn(RunServices services, IDisposable store, Func<RunId, IReadOnlyList<string>> damage)
    {
        _services = services;
        _control = new(services);
        _viewer = new(services.Journal, services.Blobs, services.Layers);
        _store = store;
        _damage = damage;
    }

    public Task<IReadOnlyList<RunSummary>> RunsAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<RunSummary>>([.. _services.Journal.Runs().Select(head => _viewer.Summary(head, _live.Contains(head.Run)))]);

    public Task<RunSummary> FindAsync(string id, CancellationToken cancellationToken)
    {
        var heads = _services.Journal.Runs();
        if (heads.Count == 0)
        {
            throw new UserException($"There is no run {id}: this state directory has no runs yet. `cairn run` starts one.");
        }

        var found = id == "last" ? [heads[^1]] : heads.Where(h => h.Run.Value == id).ToArray();
        found = found.Length > 0 ? found : [.. heads.Where(h => h.Run.Value.StartsWith(id, StringComparison.Ordinal))];
        return found.Length switch
        {
            1 => Task.FromResult(Summary(found[0].Run)),
            0 => throw new UserException($"There is no run {id} in this state directory; `cairn runs` lists them."),
            _ => throw new UserException($"'{id}' may be {string.Join(" or ", found.Take(5).Select(h => h.Run))}: give more of the id."),
        };
    }

    public async Task<RunId> StartAsync(StartRun request, CancellationToken cancellationToken) =>
        await _control.StartAsync(await new RequestBuilder(_services).ForModelAsync(request, cancellationToken), cancellationToken);

    public Task<RunId> StartAsync(StartRun request, ICodeAgent agent, CancellationToken cancellationToken) =>
        _control.StartAsync(RequestBuilder.ForCode(request, agent), cancellationToken);

    public async Task<RunSummary> DriveAsync(RunId run, ICodeAgent? agent, IRunObserver observer, CancellationToken cancellationToken)
    {
        _live.Add(run);
        try
        {
            await _control.DriveAsync(run, agent, observer, cancellationToken);
        }
        finally
        {
            _live.Remove(run);
        }

        return Summary(run);
    }

    public Task<IReadOnlyList<LogEntry>> LogAsync(RunId run, CancellationToken cancellationToken) =>
        Task.FromResult(_viewer.Log(run));

    public Task<StateView> ShowAsync(RunId run, string place, CancellationToken cancellationToken) =>
        Task.FromResult(_viewer.Show(run, place));

    public Task<IReadOnlyList<CheckpointView>> CheckpointsAsync(RunId run, CancellationToken cancellationToken) =>
        Task.FromResult(_viewer.Checkpoints(run));

    public async Task<RunSummary> RollBackAsync(RunId run, CheckpointId checkpoint, CancellationToken cancellationToken)
    {
        await _control.RollBackAsync(run, checkpoint, cancellationToken);
        return Summary(run);
    }

    public Task<RunId> ForkAsync(RunId run, string place, string? model, CancellationToken cancellationToken) =>
        _control.ForkAsync(run, Positions.Find(RunHistory.Events(_services.Journal, run), place), model, cancellationToken);

    public async Task<DiffView> DiffAsync(RunId run, string place, CancellationToken cancellationToken)
    {
        var diff = _viewer.Diff(run, place);

        // A workspace of its own: the run's may be in use by another process.
        await using var workspace = _services.Layers.Open(RunStarter.NewId(), Summary(run).Repository, null);
        var ignored = await IgnoredPaths.FindAsync(workspace, [.. diff.Files.Select(f => (f.Change.Path, f.Change.Kind == EntryKind.Directory))], cancellationToken);
        return ignored.Count == 0
            ? diff
            : diff with { Files = [.. diff.Files.Select(f => ignored.Contains(f.Change.Path) ? f with { Ignored = true } : f)] };
    }

    public Task<MergeFinished> MergeAsync(RunId run, CancellationToken cancellationToken) =>
        _control.MergeAsync(run, cancellationToken);

    public Task<ReplayView> VerifyAsync(RunId run, CancellationToken cancellationToken)
    {
        var damage = _damage(run);
        var report = damage.Count > 0
            ? new ReplayReport(run, 0, 0, 0, false, default, string.Join('\n', damage))
            : ReplayVerifier.Verify(_services.Journal, _services.Blobs, run);
        return Task.FromResult(new ReplayView(
            run, report.Passed, report.Records, report.Prompts, report.Decisions, report.Ended, report.State, report.Difference));
    }

    public Task<ComparisonView> CompareAsync(RunId first, RunId second, CancellationToken cancellationToken) =>
        Task.FromResult(new RunComparer(_services.Journal, _services.Blobs, _services.Layers).Compare(Summary(first), Summary(second)));

    public Task<DriftView> ReplayLiveAsync(RunId run, LiveReplayOptions options, Action<StepDrift>? progress, CancellationToken cancellationToken) =>
        new LiveReplay(_services.Journal, _services.Blobs, _services.Models, _services.Time).RunAsync(run, options, progress, cancellationToken);

    public Task<string> BodyAsync(BlobHash hash, CancellationToken cancellationToken) =>
        Task.FromResult(_services.Blobs.GetText(hash));

    /// <summary>Makes what collects the state directory; null when it is not open to write.</summary>
    public Func<RunControl, Retention>? Retention { get; init; }

    public Task<CollectionReport> CollectAsync(CollectionRequest request, IProgress<string>? progress, CancellationToken cancellationToken) =>
        Retention is { } make
            ? make(_control).CollectAsync(request, progress, cancellationToken)
            : throw new UserException("This state directory is open to read only: nothing can be collected.");

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        return ValueTask.CompletedTask;
    }

    private RunSummary Summary(RunId run) =>
        _viewer.Summary(_services.Journal.Runs().First(h => h.Run == run), _live.Contains(run));
}
