namespace Cairn.Host;

/// <summary>
/// Lets an agent that only computes have its turn on its caller's thread, up to its next syscall: waking another thread would
/// take longer than the turn. What the agent awaits within a turn goes on at once; what it awaits beyond it goes on where
/// its host's continuations do.
/// </summary>
/// <param name="outer">The host's context; null for the thread pool.</param>
internal sealed class TurnContext(SynchronizationContext? outer) : SynchronizationContext
{
    /// <summary>Runs a turn on this thread.</summary>
    public void Run(Action turn)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            turn();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (outer is null)
        {
            base.Post(Back, null);
        }
        else
        {
            outer.Post(Back, null);
        }

        void Back(object? nothing) => Run(() => d(state));
    }

    public override SynchronizationContext CreateCopy() => this;
}
