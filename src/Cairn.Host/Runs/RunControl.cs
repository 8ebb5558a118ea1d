using System.Collections.Concurrent;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>Everything that a user can do with runs. One instance per open state directory.</summary>
public sealed class RunControl(RunServices services)
{
    private readonly RunStarter _starter = new(services);
    private readonly RunServices _working = services with { Blobs = new RecentBodies(services.Blobs) };

    // Only runs with a wall limit that have not ended here.
    private readonly ConcurrentDictionary<RunId, (long Stamp, TimeSpan Left)> _walls = new();

    private readonly ConcurrentDictionary<RunId, RunStop> _driven = new();

    /// <summary>What the runs of a tree may still spend together.</summary>
    internal BudgetLedger Ledger { get; } = new();

    /// <summary>Held while a fork is made and while it is decided which runs go: no fork may lose its past in between.</summary>
    internal SemaphoreSlim Forking { get; } = new(1, 1);

    /// <summary>The ports behind it.</summary>
    public RunServices Services { get; } = services;

    /// <summary>Writes the first record of a run; <see cref="DriveAsync(RunId, ICodeAgent, IRunObserver, CancellationToken)"/> does the work.</summary>
    /// <exception cref="UserException">When the request cannot be carried out.</exception>
    public Task<RunId> StartAsync(RunRequest request, CancellationToken cancellationToken) =>
        _starter.StartAsync(request, cancellationToken);

    /// <summary>Writes the first record of a run below another one, under an id that the caller knows how to find again.</summary>
    internal Task StartChildAsync(RunRequest request, RunId id, RunId parent, LayerId? layer, CancellationToken cancellationToken) =>
        _starter.StartAsync(request, id, parent, layer, cancellationToken);

    /// <summary>Drives a run until it ends or pauses. A cancelled token pauses it: `cairn resume` goes on.</summary>
    /// <param name="run">The run.</param>
    /// <param name="agent">The code agent, when the run has one.</param>
    /// <param name="observer">Told of everything that happens.</param>
    /// <param name="cancellationToken">Pauses the run.</param>
    /// <exception cref="CairnException">When the run is driven here already, or belongs to a code agent that is not given.</exception>
    public async Task<RunState> DriveAsync(RunId run, ICodeAgent? agent, IRunObserver observer, CancellationToken cancellationToken)
    {
        using var stop = RunStop.PauseOn("stopped by the user", cancellationToken);
        return await DriveAsync(run, agent, observer, stop);
    }

    /// <summary>Drives a run until it ends, pauses or is stopped.</summary>
    /// <param name="run">The run.</param>
    /// <param name="agent">The code agent, when the run has one.</param>
    /// <param name="observer">Told of everything that happens.</param>
    /// <param name="stop">Stops it, and says how.</param>
    public async Task<RunState> DriveAsync(RunId run, ICodeAgent? agent, IRunObserver observer, RunStop stop)
    {
        ArgumentNullException.ThrowIfNull(stop);
        if (!_driven.TryAdd(run, stop))
        {
            throw new ConflictException($"Run {run} is being driven already.");
        }

        try
        {
            return await DriveAloneAsync(run, agent, observer, stop);
        }
        finally
        {
            _driven.TryRemove(run, out _);
        }
    }

    /// <summary>Whether a run is being driven here, on its own or by the run above it.</summary>
    public bool IsDriven(RunId run) => _driven.ContainsKey(run);

    /// <summary>Asks a run that is driven here to stop.</summary>
    /// <returns>False when it is not driven here, or was asked before.</returns>
    public bool RequestStop(RunId run, StopKind kind, string reason) =>
        _driven.TryGetValue(run, out var stop) && stop.Request(kind, reason);

    private async Task<RunState> DriveAloneAsync(RunId run, ICodeAgent? agent, IRunObserver observer, RunStop stop)
    {
        await using var session = RunSession.Open(_working, run, observer);
        session.Stop = stop;
        if (session.State.Phase == RunPhase.Ended)
        {
            await ChildRuns.EndAsync(this, session);
            return session.State;
        }

        agent = session.State.Spec.Guest is { } guest ? new GuestAgent(guest) : agent;
        if (session.State.Spec.Agent.Kind == AgentKind.Code && agent?.Name != session.State.Spec.Agent.Name)
        {
            throw new UserException($"Run {run} belongs to the code agent {session.State.Spec.Agent.Name}: only a program that has this agent can resume it.");
        }

        var accounts = new BudgetAccounts(Services, Ledger);
        var records = session.TakeRecords();
        accounts.Open(run, session.State);
        using var closing = accounts.ClosingOf(run, session.State);
        if (records[^1] is { Seq: 0 } first)
        {
            // Written before anybody watched: who watches is told of the whole run.
            observer.Recorded(first);
        }

        if (records.Count > 1)
        {
            await session.CommitAsync(new RunRecovered("resume"), CancellationToken.None);
        }

        using var code = agent is null ? null : new AgentSession(agent, session, records.Select(r => r.Event));
        using var wall = WallLimit(session, records.First(r => r.Run == run).At);
        records = [];
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, wall?.Token ?? CancellationToken.None);
        var loop = new RunLoop(session, new Operations(session, this), code);
        if (code is { OnlyComputes: true })
        {
            // Such an agent may never give up the thread, and this one is the caller's.
            await Task.Yield();
        }

        try
        {
            var state = await loop.RunAsync(either.Token);
            if (state.Phase == RunPhase.Ended)
            {
                _walls.TryRemove(run, out _);
                await ChildRuns.EndAsync(this, session);
                Services.Layers.EndShells(run);
            }

            return state;
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            return await StoppedAsync(session, loop, stop);
        }
    }

    /// <summary>Pauses or cancels a run that nobody drives.</summary>
    /// <param name="run">The run.</param>
    /// <param name="pause">It waits to be resumed; else it ends.</param>
    /// <param name="reason">For people.</param>
    /// <param name="cancellationToken">Stops it before anything is written.</param>
    public async Task<RunState> StopAsync(RunId run, bool pause, string reason, CancellationToken cancellationToken)
    {
        await using var session = RunSession.Open(Services, run, NoObserver.Instance);
        if (session.State.Phase != RunPhase.Ended && !(pause && session.State.Stop == StopState.Paused))
        {
            if (!pause)
            {
                await ChildRuns.EndAsync(this, session);
                await MergeOperation.FinishInterruptedAsync(session);
            }

            await session.CommitAsync(new RunStopRequested(pause, reason), cancellationToken);
            if (!pause)
            {
                Services.Layers.EndShells(run);
            }

            return pause ? session.State : await new RunLoop(session, new Operations(session, this), null).RunAsync(CancellationToken.None);
        }

        return session.State;
    }

    /// <summary>Writes down what still came in and why the run stopped; a run that is abandoned is told nothing.</summary>
    private async Task<RunState> StoppedAsync(RunSession session, RunLoop loop, RunStop stop)
    {
        List<RunEvent> events = [.. loop.Arrived];
        if (stop.Kind is not (StopKind.Pause or StopKind.Abandon))
        {
            await ChildRuns.EndAsync(this, session);
            if (events.Count == 0)
            {
                await MergeOperation.FinishInterruptedAsync(session);
            }
        }

        if (stop.Kind != StopKind.Abandon)
        {
            events.Add(stop.Kind switch
            {
                StopKind.Pause => new RunStopRequested(true, stop.Reason),
                StopKind.Cancel => new RunStopRequested(false, stop.Reason),
                _ => new RunStopRequested(false, $"the wall time of {session.State.Spec.Limits.Wall} is over", Limit: true),
            });
        }

        if (events.Count > 0)
        {
            await session.CommitAsync(events, events.Aggregate(session.State, Kernel.Kernel.Apply), CancellationToken.None);
        }

        if (stop.Kind is StopKind.Pause or StopKind.Abandon)
        {
            return session.State;
        }

        var ended = await loop.RunAsync(CancellationToken.None);
        Services.Layers.EndShells(session.Run);
        return ended;
    }

    /// <summary>
    /// What is left of the run's wall time. The clock is asked only when this process first meets the run, and never for
    /// more than the limit; from then on elapsed time counts, which a jump of the clock does not change.
    /// </summary>
    private CancellationTokenSource? WallLimit(RunSession session, DateTimeOffset started)
    {
        if (session.State.Spec.Limits.Wall is not { } limit)
        {
            return null;
        }

        var (stamp, left) = _walls.GetOrAdd(session.Run, _ =>
        {
            var now = Services.Time.GetUtcNow();
            var rest = started + limit - now;
            return (Services.Time.GetTimestamp(), rest < limit ? rest : limit);
        });
        left -= Services.Time.GetElapsedTime(stamp);
        var longest = TimeSpan.FromMilliseconds(int.MaxValue);
        return new CancellationTokenSource(left <= TimeSpan.Zero ? TimeSpan.Zero : left < longest ? left : longest, Services.Time);
    }

    /// <summary>Takes a run back to a checkpoint: files, conversation, decisions. It is paused then.</summary>
    public async Task<RunState> RollBackAsync(RunId run, CheckpointId checkpoint, CancellationToken cancellationToken)
    {
        await using var session = RunSession.Open(Services, run, NoObserver.Instance);
        var known = session.State.Checkpoints;
        if (known.All(c => c.Id != checkpoint))
        {
            throw new UserException($"Run {run} has no checkpoint {checkpoint}; it has {known[0].Id} to {known[^1].Id} (`cairn checkpoints {run}`).");
        }

        await MergeOperation.FinishInterruptedAsync(session);
        var to = known.First(c => c.Id == checkpoint);
        var layer = await new MergeUndo(Services).LayerAsync(session.TakeRecords(), to.Position, to.Layer, run, session.State.Count, cancellationToken);
        await session.CommitAsync(
            new RunRolledBack(checkpoint, $"rolled back to {checkpoint} by the user", Continue: false) { Layer = layer }, cancellationToken);
        return session.State;
    }

    /// <summary>Makes a new run that continues a past one from a position of its history.</summary>
    /// <param name="run">The run.</param>
    /// <param name="position">How many events of its history are the fork's past.</param>
    /// <param name="model">Another model to go on with; null keeps the run's.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<RunId> ForkAsync(RunId run, long position, string? model, CancellationToken cancellationToken)
    {
        var binding = model is null ? null
            : await _starter.BindAsync(model, RunHistory.State(Services.Journal, run).Spec.Limits, cancellationToken);
        await Forking.WaitAsync(cancellationToken);
        try
        {
            var records = RunHistory.Records(Services.Journal, run);
            var (source, count, chain) = RunHistory.Locate(records, run, position);
            var fork = Services.NewRunId();
            var past = Kernel.Kernel.Fold(records.Take((int)position).Select(r => r.Event));
            var layer = await new MergeUndo(Services).LayerAsync(records, position, past.Layer, fork, 0, cancellationToken);
            await Services.Journal.AppendAsync(fork, 0, [new RunForked(source, count, chain, binding) { Layer = layer }], cancellationToken);
            return fork;
        }
        finally
        {
            Forking.Release();
        }
    }

    /// <summary>Merges what a run changed into its repository.</summary>
    public async Task<MergeFinished> MergeAsync(RunId run, CancellationToken cancellationToken)
    {
        var (finished, _) = await MergeAsync(run, new MergeRequest(), cancellationToken);
        return finished;
    }

    /// <summary>Likewise, with decisions about conflicts; what is still open comes with the answer.</summary>
    public async Task<(MergeFinished Finished, MergePlan Plan)> MergeAsync(RunId run, MergeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        await using var session = RunSession.Open(Services, run, NoObserver.Instance);
        if (session.State.Phase != RunPhase.Ended)
        {
            throw new UserException($"Run {run} is still open: `cairn resume {run}` finishes it, then it can be merged.");
        }

        var merge = new MergeOperation(session);
        if (!request.Resolve.IsDefaultOrEmpty)
        {
            await MergeOperation.FinishInterruptedAsync(session);
            await merge.ResolveAsync(session.State.Layer, request, cancellationToken);
        }

        var plan = await merge.PlanAsync(session.State.Layer, cancellationToken);
        if (plan.Conflicts.Length == 0)
        {
            await session.CommitAsync(merge.Intent(plan, Kernel.Kernel.Hash(session.State)), cancellationToken);
        }

        var result = merge.Carry(plan);
        await session.CommitAsync(result, cancellationToken);
        return (result, plan);
    }
}
