using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>
/// Drives one run: applies what happened, asks the kernel what is due, writes results and intents down in one durable
/// append, and only then lets the effects begin. Nothing here decides anything.
/// </summary>
internal sealed class RunLoop(RunSession session, Operations operations, AgentSession? agent)
{
    private readonly List<Task<RunEvent>> _underWay = [];

    /// <summary>Runs until the run ends, pauses or is cancelled; what is under way then is abandoned and runs again on resume.</summary>
    public async Task<RunState> RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<RunEvent> happened = [];
        try
        {
            while (true)
            {
                await StepAsync(happened, stop.Token);
                happened = [];
                if (_underWay.Count == 0)
                {
                    return session.State;
                }

                await Task.WhenAny(_underWay).WaitAsync(cancellationToken);
                foreach (var done in _underWay.Where(t => t.IsCompleted).ToList())
                {
                    _underWay.Remove(done);
                    happened.Add(await done);
                }
            }
        }
        finally
        {
            // Not CancelAsync: what it calls would go on in a thread of the pool, beside this one.
            stop.Cancel();
            await Task.WhenAll(_underWay.Select(Settled));
            _underWay.Clear(); // A run that is stopped by a limit comes back here to be closed; what was abandoned does not count then.
        }
    }

    /// <summary>Applies results, collects what is due, commits both together, begins.</summary>
    private async Task StepAsync(List<RunEvent> happened, CancellationToken cancellationToken)
    {
        var state = happened.Aggregate(session.State, Kernel.Kernel.Apply);
        var events = new List<RunEvent>(happened);
        var begin = new List<Func<Task<RunEvent>>>();
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
                events.Add(intent);
                if (effect is not null)
                {
                    begin.Add(() => effect(cancellationToken));
                }
            }
        }

        if (events.Count > 0)
        {
            await session.CommitAsync(events, state, cancellationToken);
        }

        _underWay.AddRange(begin.Select(start => start()));
        if (agent is not null && state.Phase == RunPhase.Agent && state.Stop == StopState.None)
        {
            _underWay.Add(agent.NextAsync(state, cancellationToken));
        }
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
