using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>
/// Drives one run: applies what happened, asks the kernel what is due, writes results and intents down in one durable
/// append, and only then lets the effects begin. Nothing here decides anything.
/// </summary>
internal sealed class RunLoop(RunSession session, Operations operations, AgentSession? agent)
{
    /// <summary>Results that an agent may be ahead of the journal, at most.</summary>
    private const int MaxAhead = 64;

    private readonly List<Task<RunEvent>> _underWay = [];
    private readonly List<RunEvent> _arrived = [];

    // What nothing waits for: it ends with the loop, and is asked for again when the run goes on.
    private readonly List<Task<RunEvent>> _aside = [];

    // Results that are not durable; the first of them are in the state that is ahead of the journal.
    private readonly List<RunEvent> _happened = [];
    private int _applied;
    private RunState? _ahead;
    private bool _urgent;
    private StaleWatch? _watch;

    /// <summary>Results that came in while the loop was stopped and are not written down yet.</summary>
    public IReadOnlyList<RunEvent> Arrived => _arrived;

    /// <summary>Runs until the run ends, pauses or is cancelled; what is under way then is abandoned and runs again on resume.</summary>
    public async Task<RunState> RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _arrived.Clear();
        using var watch = _watch = StaleWatch.TryOpen(session);
        try
        {
            while (true)
            {
                await StepAsync(stop.Token);
                if (_underWay.Count == 0)
                {
                    return session.State;
                }

                if (!_underWay.Exists(t => t.IsCompleted) && !_aside.Exists(t => t.IsCompleted))
                {
                    await NextAsync().WaitAsync(cancellationToken);
                }

                await CollectAsync(_underWay);
                await CollectAsync(_aside);
            }
        }
        finally
        {
            // Not CancelAsync: what it calls would go on in a thread of the pool, beside this one.
            stop.Cancel();
            await Task.WhenAll(_underWay.Concat(_aside).Select(Settled));
            _aside.Clear();
            _arrived.AddRange(_happened);
            _arrived.AddRange(_underWay.Where(t => t.IsCompletedSuccessfully).Select(t => t.Result));
            _underWay.Clear();
            Durable();
        }
    }

    /// <summary>Something under way is done, or somebody may have changed what the agent has read.</summary>
    private Task<Task> NextAsync() => Task.WhenAny(_watch is null && _aside.Count == 0 ? _underWay : [.. _underWay, .. _aside, .. _watch is null ? [] : new[] { _watch.Due() }]);

    private async Task CollectAsync(List<Task<RunEvent>> tasks)
    {
        foreach (var done in tasks.Where(t => t.IsCompleted).ToList())
        {
            tasks.Remove(done);
            _happened.Add(await done);
        }
    }

    /// <summary>Applies results, collects what is due, commits both together, begins.</summary>
    private async Task StepAsync(CancellationToken cancellationToken)
    {
        var state = ApplyResults();
        var intents = new List<RunEvent>();
        if (await session.Freshness.CheckAsync(state) is { } changed)
        {
            state = Kernel.Kernel.Apply(state, changed);
            intents.Add(changed);
        }
        else if (_watch?.Take(state) is { } noticed)
        {
            state = Kernel.Kernel.Apply(state, noticed);
            intents.Add(noticed);
        }

        _watch?.Follow(state);
        var begin = new List<(Operations.Effect Effect, bool Aside)>();
        while (true)
        {
            var due = Kernel.Kernel.Decide(state);
            if (due.IsEmpty)
            {
                break;
            }

            foreach (var command in due)
            {
                var (intent, effect) = await operations.PrepareAsync(state, command, cancellationToken);
                state = Kernel.Kernel.Apply(state, intent);
                intents.Add(intent);
                if (effect is not null)
                {
                    begin.Add((effect, command is AskArchive));
                }
            }
        }

        _ahead = state;
        var turn = agent is not null && state.Phase == RunPhase.Agent && state.Stop == StopState.None;
        if (intents.Count > 0 || !turn || _urgent || !agent!.OnlyComputes || _happened.Count >= MaxAhead)
        {
            await CommitAsync(intents, state, cancellationToken);
        }

        foreach (var (effect, aside) in begin)
        {
            (aside ? _aside : _underWay).Add(effect(cancellationToken));
        }

        if (turn)
        {
            var next = agent!.NextAsync(state, cancellationToken);
            _underWay.Add(next);
            if (!next.IsCompleted)
            {
                // The next syscall is not here yet: the last one's result does not wait for it.
                await CommitAsync([], state, cancellationToken);
            }
        }
    }

    private RunState ApplyResults()
    {
        var state = _ahead ?? session.State;
        for (; _applied < _happened.Count; _applied++)
        {
            _urgent |= !MayWait(state, _happened[_applied]);
            state = Kernel.Kernel.Apply(state, _happened[_applied]);
        }

        return state;
    }

    /// <summary>
    /// What may be lost with the process while only the agent knows of it: it is made again from the same layer. Answers of
    /// people and of the world outside are not; they are durable before the agent is told.
    /// </summary>
    private static bool MayWait(RunState before, RunEvent e) => e switch
    {
        ToolCallFinished { Spent: null } x => before.Turn is { } turn && turn.Calls.Any(c => c.Id == x.Call && c.Effect is EffectClass.Pure or EffectClass.Sandboxed),
        AgentCalled or CheckpointTaken => true,
        _ => false,
    };

    private async ValueTask CommitAsync(List<RunEvent> intents, RunState state, CancellationToken cancellationToken)
    {
        if (_happened.Count + intents.Count > 0)
        {
            await session.CommitAsync([.. _happened, .. intents], state, cancellationToken);
        }

        Durable();
    }

    private void Durable()
    {
        _happened.Clear();
        (_applied, _ahead, _urgent) = (0, null, false);
    }

    /// <summary>Waits for an abandoned effect to stop; its outcome no longer counts.</summary>
    private static async Task Settled(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The effect was told to stop: how it stopped is of no interest, resume runs it again by its effect class.
        }
    }
}
