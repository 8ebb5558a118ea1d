using System.Collections.Concurrent;
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
    private readonly ConcurrentDictionary<RunId, Task> _driving = new();
    private Task<OwnerSocket?>? _socket;
    private readonly EndedRuns _ended;

    /// <param name="services">The ports.</param>
    /// <param name="store">The open state directory.</param>
    /// <param name="ended">Keeps what is known of runs that have ended.</param>
    /// <param name="damage">Checks a run's records on disk and names what is wrong with them.</param>
    public EmbeddedCairn(RunServices services, IDisposable store, EndedRuns ended, Func<RunId, IReadOnlyList<string>> damage)
    {
        _ended = ended;
        _services = services;
        _control = new(services);
        _viewer = new(services.Journal, services.Blobs, services.Layers);
        _store = store;
        _damage = damage;
    }

    public Task<IReadOnlyList<RunSummary>> RunsAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<RunSummary>>([.. _services.Journal.Runs().Select(Summary)]);

    /// <summary>Drives runs.</summary>
    public RunControl Control => _control;

    /// <summary>The ports.</summary>
    public RunServices Services => _services;

    /// <summary>Adds what only the one who drives knows to the summary of an open run.</summary>
    public Func<RunSummary, RunSummary> Adorn { get; set; } = summary => summary;

    public Task<RunSummary> FindAsync(string id, CancellationToken cancellationToken)
    {
        var heads = _services.Journal.Runs();
        if (heads.Count == 0)
        {
            throw new NotFoundException($"There is no run {id}: this state directory has no runs yet. `cairn run` starts one.");
        }

        var found = id == "last" ? [heads[^1]] : heads.Where(h => h.Run.Value == id).ToArray();
        found = found.Length > 0 ? found : [.. heads.Where(h => h.Run.Value.StartsWith(id, StringComparison.Ordinal))];
        return found.Length switch
        {
            1 => Task.FromResult(Summary(found[0])),
            0 => throw new NotFoundException($"There is no run {id} in this state directory; `cairn runs` lists them."),
            _ => throw new UserException($"'{id}' may be {string.Join(" or ", found.Take(5).Select(h => h.Run))}: give more of the id."),
        };
    }

    public async Task<RunId> StartAsync(StartRun request, CancellationToken cancellationToken) => request.Guest is { } guest
        ? await _control.StartAsync(await new RequestBuilder(_services).ForGuestAsync(request, guest, cancellationToken), cancellationToken)
        : request.CodeAgent is null
        ? await _control.StartAsync(await new RequestBuilder(_services).ForModelAsync(request, cancellationToken), cancellationToken)
        : throw new UserException($"The code agent {request.CodeAgent} is not in this process: give its assembly with --code.");

    public Task<RunId> StartAsync(StartRun request, ICodeAgent agent, CancellationToken cancellationToken) =>
        _control.StartAsync(RequestBuilder.ForCode(request, agent), cancellationToken);

    public async Task<RunSummary> DriveAsync(RunId run, ICodeAgent? agent, IRunObserver observer, CancellationToken cancellationToken)
    {
        // Beside the run, which is not to wait for it.
        _socket ??= Listen?.Invoke(this) ?? Task.FromResult<OwnerSocket?>(null);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _driving[run] = done.Task;
        try
        {
            await _control.DriveAsync(run, agent, observer, cancellationToken);
        }
        finally
        {
            _driving.TryRemove(run, out _);
            done.SetResult();
        }

        return Summary(run);
    }

    /// <summary>Stops a run for somebody outside of this process.</summary>
    public async Task<RunSummary> StopDrivenAsync(RunId run, bool pause, string reason, CancellationToken cancellationToken)
    {
        if (_driving.TryGetValue(run, out var driving))
        {
            _control.RequestStop(run, pause ? StopKind.Pause : StopKind.Cancel, reason);
            await driving.WaitAsync(cancellationToken);
        }
        else if (_control.IsDriven(run))
        {
            if (pause)
            {
                throw new ConflictException($"Run {run} is driven by the run above it: pause that one.");
            }

            _control.RequestStop(run, StopKind.Cancel, reason);
        }
        else
        {
            await _control.StopAsync(run, pause, reason, cancellationToken);
        }

        return Summary(run);
    }

    /// <summary>Lets others stop the runs that are driven here; null when nobody is to.</summary>
    public Func<EmbeddedCairn, Task<OwnerSocket?>>? Listen { get; init; }

    public Task<RunSummary> FollowAsync(RunId run, IRunObserver observer, CancellationToken cancellationToken) =>
        throw new UserException($"Nobody drives run {run} that could be watched from here: no daemon serves this state directory (`cairn serve`).");

    public Task<RunSummary> ResumeAsync(RunId run, CancellationToken cancellationToken) =>
        throw new UserException($"No daemon serves this state directory (`cairn serve`): `cairn resume {run}` goes on in the terminal.");

    public async Task<RunSummary> PauseAsync(RunId run, string reason, CancellationToken cancellationToken)
    {
        await _control.StopAsync(run, pause: true, reason, cancellationToken);
        return Summary(run);
    }

    public async Task<RunSummary> CancelAsync(RunId run, string reason, CancellationToken cancellationToken)
    {
        await _control.StopAsync(run, pause: false, reason, cancellationToken);
        return Summary(run);
    }

    public Task<IReadOnlyList<PendingDecision>> DecisionsAsync(CancellationToken cancellationToken) =>
        Task.FromResult(_viewer.Decisions());

    public Task<RunSummary> AnswerAsync(RunId run, DecisionId decision, string answer, CancellationToken cancellationToken) =>
        throw new ConflictException($"Run {run} is not under way: `cairn resume {run}` asks again, or `cairn serve` does.");

    public Task<IReadOnlyList<LogEntry>> LogAsync(RunId run, CancellationToken cancellationToken) =>
        Task.FromResult(_viewer.Log(run));

    public Task<StateView> ShowAsync(RunId run, string place, CancellationToken cancellationToken) =>
        Task.FromResult(_viewer.Show(run, place));

    public Task<ContextView> ContextAsync(RunId run, string place, CancellationToken cancellationToken)
    {
        var events = RunHistory.Events(_services.Journal, run);
        return Task.FromResult(ContextViewer.Of(run, events, Positions.Find(events, place)));
    }

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

    public async Task<MergeView> MergeAsync(RunId run, MergeRequest request, CancellationToken cancellationToken)
    {
        var (finished, plan) = await _control.MergeAsync(run, request, cancellationToken);
        return new(finished.Status, finished.Files, finished.Message, plan.Conflicts);
    }

    public Task<IReadOnlyList<ConflictView>> ConflictsAsync(RunId run, string? path, CancellationToken cancellationToken) =>
        Task.FromResult(new MergeConflicts(_services.Journal, _services.Blobs, _services.Layers, run).View(path));

    public Task<LayersView> LayersAsync(bool store, CancellationToken cancellationToken)
    {
        if (store)
        {
            _services.Layers.Store(cancellationToken);
        }

        return Task.FromResult(new LayersView(_services.Layers.Count, [.. _services.Layers.NotStored()]));
    }

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

    public async ValueTask DisposeAsync()
    {
        if (_socket is { } listening && await listening is { } socket)
        {
            await socket.DisposeAsync();
        }

        _store.Dispose();
    }

    private RunSummary Summary(RunId run) => Summary(_services.Journal.Runs().First(h => h.Run == run));

    private RunSummary Summary(RunHead head)
    {
        if (_ended.Find(head) is { } known)
        {
            return known;
        }

        var summary = _viewer.Summary(head, _control.IsDriven(head.Run));
        if (!summary.Ended)
        {
            return Adorn(summary);
        }

        _ended.Add(head, summary);
        return summary;
    }
}
