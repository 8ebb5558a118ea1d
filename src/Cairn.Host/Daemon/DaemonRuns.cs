using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>What clients of a daemon do with its runs.</summary>
internal sealed class DaemonRuns
{
    private readonly RunSupervisor _supervisor;
    private readonly PendingDecisions _decisions;
    private readonly Dictionary<string, ICodeAgent> _agents;
    private int _collecting;

    public DaemonRuns(EmbeddedCairn cairn, RunSupervisor supervisor, PendingDecisions decisions, IEnumerable<ICodeAgent> agents)
    {
        (Cairn, _supervisor, _decisions) = (cairn, supervisor, decisions);
        _agents = agents.ToDictionary(a => a.Name, StringComparer.Ordinal);
        cairn.Adorn = Adorn;
    }

    /// <summary>For what only looks.</summary>
    public EmbeddedCairn Cairn { get; }

    /// <summary>Runs that were interrupted and could not be taken up again when the daemon started.</summary>
    public IReadOnlyList<LeftRun> Left { get; private set; } = [];

    public int Live => _supervisor.Live;

    public int Queued => _supervisor.Queued;

    public int ActiveEffects => Cairn.Services.Effects?.Inside ?? 0;

    public IReadOnlyList<PendingDecision> Decisions => _decisions.All();

    public bool IsBusy(RunId run) => _supervisor.IsBusy(run);

    /// <summary>
    /// Goes on with everything that was running when the last process died: what has not ended, is not paused, and was
    /// driven before. A run below another one is left to that one, a fork that nobody resumed to its maker.
    /// </summary>
    public void ResumeInterrupted()
    {
        var left = new List<LeftRun>();
        foreach (var head in Cairn.Services.Journal.Runs())
        {
            var name = "";
            try
            {
                if (OpenRuns.IsOver(Cairn.Services.Journal, head))
                {
                    continue;
                }

                var state = RunHistory.State(Cairn.Services.Journal, head.Run);
                name = state.Spec.Agent.Name;
                var isNewFork = head.Count == 1 && state.ForkedFrom is not null;
                if (state.Phase != RunPhase.Ended && state.Stop != StopState.Paused && state.Spec.Parent is null && !isNewFork)
                {
                    _supervisor.Start(head.Run, AgentOf(head.Run, state));
                }
            }
            catch (Exception e) when (e is CairnException or InvalidDataException or JournalMeaningException)
            {
                left.Add(new(head.Run, name, e.Message));
            }
        }

        Left = left;
    }

    public async Task<RunSummary> StartAsync(StartRun request, CancellationToken cancellationToken)
    {
        if (!Path.IsPathFullyQualified(request.Repository) || (request.AgentFile is { } file && !Path.IsPathFullyQualified(file)))
        {
            throw new UserException("Paths must be absolute: the daemon has a working directory of its own.");
        }

        var agent = request.CodeAgent is null ? null : Named(request.CodeAgent);
        var run = agent is null
            ? await Cairn.StartAsync(request, cancellationToken)
            : await Cairn.StartAsync(request, agent, cancellationToken);
        _supervisor.Start(run, agent);
        return await Cairn.FindAsync(run.Value, cancellationToken);
    }

    public Task<RunSummary> ResumeAsync(RunId run, CancellationToken cancellationToken)
    {
        var state = RunHistory.State(Cairn.Services.Journal, run);
        if (state.Phase == RunPhase.Ended)
        {
            throw new ConflictException($"Run {run} is over: go on from one of its places with a fork or a rollback.");
        }

        if (state.Spec.Parent is { } parent && !_supervisor.IsBusy(run))
        {
            throw new ConflictException($"Run {run} is driven by the run above it: resume {parent}.");
        }

        _supervisor.Start(run, AgentOf(run, state));
        return Cairn.FindAsync(run.Value, cancellationToken);
    }

    public async Task<RunSummary> StopAsync(RunId run, bool pause, string reason, CancellationToken cancellationToken)
    {
        await _supervisor.StopAsync(run, pause, reason, cancellationToken);
        return await Cairn.FindAsync(run.Value, cancellationToken);
    }

    public async Task<RunSummary> RollBackAsync(RunId run, CheckpointId checkpoint, CancellationToken cancellationToken)
    {
        using var claim = _supervisor.Claim(run);
        return await Cairn.RollBackAsync(run, checkpoint, cancellationToken);
    }

    /// <summary>Collects the state directory; one at a time.</summary>
    /// <exception cref="ConflictException">When a collection is under way.</exception>
    public async Task<CollectionReport> CollectAsync(CollectionRequest request, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _collecting, 1) != 0)
        {
            throw new ConflictException("The state directory is being collected already; try again when that is done.");
        }

        try
        {
            // Reading many journals takes long, and the caller's thread is a server's.
            return await Task.Run(() => Cairn.CollectAsync(request, null, cancellationToken), cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _collecting, 0);
        }
    }

    /// <summary>Stores the layers that are not stored yet; reading many files takes long, and the caller's thread is a server's.</summary>
    public Task<LayersView> StoreLayersAsync(CancellationToken cancellationToken) =>
        Task.Run(() => Cairn.LayersAsync(store: true, cancellationToken), cancellationToken);

    public async Task<MergeView> MergeAsync(RunId run, MergeRequest request, CancellationToken cancellationToken)
    {
        using var claim = _supervisor.Claim(run);
        return await Cairn.MergeAsync(run, request, cancellationToken);
    }

    public async Task<RunSummary> AnswerAsync(RunId run, DecisionId decision, string answer, CancellationToken cancellationToken)
    {
        await _decisions.AnswerAsync(run, decision, answer, cancellationToken);
        return await Cairn.FindAsync(run.Value, cancellationToken);
    }

    private ICodeAgent? AgentOf(RunId run, RunState state) =>
        state.Spec.Agent.Kind != AgentKind.Code || state.Spec.Guest is not null ? null
        : _agents.TryGetValue(state.Spec.Agent.Name, out var agent) ? agent
        : throw new UserException(
            $"Run {run} belongs to the code agent {state.Spec.Agent.Name}, which this daemon does not have: start it with `cairn serve --code DLL`, or stop it and `cairn resume {run} --code DLL`.");

    private ICodeAgent Named(string name) => _agents.TryGetValue(name, out var agent)
        ? agent
        : throw new UserException(
            $"This daemon does not have the code agent {SafeText.Line(name, 60)} (it has {(_agents.Count == 0 ? "none" : string.Join(", ", _agents.Keys))}): start it with `cairn serve --code DLL`, or use another --state DIR without a daemon.");

    private RunSummary Adorn(RunSummary summary) => summary.Status != "interrupted" ? summary
        : _supervisor.IsBusy(summary.Id) ? summary with { Status = "queued" }
        : _supervisor.FailureOf(summary.Id) is { } reason ? summary with { Reason = reason }
        : summary;
}
