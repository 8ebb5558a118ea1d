using System.Collections.Concurrent;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>Everything that a user can do with runs. One instance per open state directory.</summary>
public sealed class RunControl(RunServices services)
{
    /// <summary>What a timer can hold; a run that lives longer has been resumed before.</summary>
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    private readonly RunStarter _starter = new(services);
    private readonly ConcurrentDictionary<RunId, bool> _driven = [];

    /// <summary>What the runs of a tree may still spend together.</summary>
    internal BudgetLedger Ledger { get; } = new();

    /// <summary>Held while a fork is made and while it is decided which runs go: no fork may lose its past in between.</summary>
    internal SemaphoreSlim Forking { get; } = new(1, 1);

    /// <summary>The ports behind it.</summary>
    public RunServices Services { get; } = services;

    /// <summary>Writes the first record of a run; <see cref="DriveAsync"/> does the work.</summary>
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
    /// <exception cref="UserException">When the run is driven here already, or belongs to a code agent that is not given.</exception>
    public async Task<RunState> DriveAsync(RunId run, ICodeAgent? agent, IRunObserver observer, CancellationToken cancellationToken)
    {
        // The journal lets only one of two drivers through, but what this process holds of a run (its budget) they would share.
        if (!_driven.TryAdd(run, true))
        {
            throw new UserException($"Run {run} is at work already: watch it, or pause it first.");
        }

        try
        {
            return await DriveAloneAsync(run, agent, observer, cancellationToken);
        }
        finally
        {
            _driven.TryRemove(run, out _);
        }
    }

    private async Task<RunState> DriveAloneAsync(RunId run, ICodeAgent? agent, IRunObserver observer, CancellationToken cancellationToken)
    {
        await using var session = RunSession.Open(Services, run, observer);
        if (session.State.Phase == RunPhase.Ended)
        {
            return session.State;
        }

        if (session.State.Spec.Agent.Kind == AgentKind.Code && agent?.Name != session.State.Spec.Agent.Name)
        {
            throw new UserException($"Run {run} belongs to the code agent {session.State.Spec.Agent.Name}: only a program that has this agent can resume it.");
        }

        var accounts = new BudgetAccounts(Services.Journal, Ledger);
        accounts.Open(run, session.State);
        using var closing = accounts.ClosingOf(run, session.State);
        var own = Services.Journal.Read(run);
        if (own.Count == 1)
        {
            // Written before anybody watched: who watches is told of the whole run.
            observer.Recorded(own[0]);
        }

        var history = RunHistory.Events(Services.Journal, run);
        if (history.Count > 1)
        {
            await session.CommitAsync(new RunRecovered("resume"), cancellationToken);
        }

        using var code = agent is null ? null : new AgentSession(agent, session, history);
        using var wall = WallLimit(session);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, wall.Token);
        var loop = new RunLoop(session, new Operations(session, this), code);
        try
        {
            return await loop.RunAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            var over = !cancellationToken.IsCancellationRequested;
            await session.CommitAsync(
                over ? new RunStopRequested(false, $"the wall time of {session.State.Spec.Limits.Wall} is over", Limit: true)
                    : new RunStopRequested(true, "stopped by the user"),
                CancellationToken.None);
            return over ? await loop.RunAsync(CancellationToken.None) : session.State;
        }
    }

    /// <summary>Cancelled when the run's wall time is over. It owns its timer, so that nothing fires after the run.</summary>
    private CancellationTokenSource WallLimit(RunSession session)
    {
        if (session.State.Spec.Limits.Wall is not { } limit)
        {
            return new();
        }

        var left = Services.Journal.Read(session.Run)[0].At + limit - Services.Time.GetUtcNow();
        return new(left <= TimeSpan.Zero ? TimeSpan.Zero : left < LongestTimer ? left : LongestTimer, Services.Time);
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

        await session.CommitAsync(new RunRolledBack(checkpoint, $"rolled back to {checkpoint} by the user", Continue: false), cancellationToken);
        return session.State;
    }

    /// <summary>Makes a new run that continues a past one from a position of its history.</summary>
    /// <param name="run">The run.</param>
    /// <param name="position">How many events of its history are the fork's past.</param>
    /// <param name="model">Another model to go on with; null keeps the run's.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<RunId> ForkAsync(RunId run, long position, string? model, CancellationToken cancellationToken)
    {
        var spec = RunHistory.State(Services.Journal, run).Spec;
        var binding = model is null ? null : await _starter.BindAsync(model, spec.Limits, cancellationToken);
        await Forking.WaitAsync(cancellationToken);
        try
        {
            var (source, count, chain) = RunHistory.Locate(Services.Journal, run, position);
            var fork = Services.NewRunId();
            await Services.Journal.AppendAsync(fork, 0, [new RunForked(source, count, chain, binding)], cancellationToken);
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
        await using var session = RunSession.Open(Services, run, NoObserver.Instance);
        if (session.State.Phase != RunPhase.Ended)
        {
            throw new UserException($"Run {run} is still open: `cairn resume {run}` finishes it, then it can be merged.");
        }

        var merge = new MergeOperation(session);
        var plan = await merge.PlanAsync(session.State.Layer, cancellationToken);
        if (plan.Conflicts.Length == 0)
        {
            await session.CommitAsync(merge.Intent(plan, Kernel.Kernel.Hash(session.State)), cancellationToken);
        }

        var result = merge.Carry(plan);
        await session.CommitAsync(result, cancellationToken);
        return result;
    }
}
