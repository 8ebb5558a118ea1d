using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>
/// An agent that is a C# class: no model, the same kernel. Derive from it and write <see cref="WorkAsync"/>. Every
/// awaited call is a journaled step: after a crash the class runs again from the start and gets the recorded answers,
/// so it must be deterministic but for what the runtime returns (sorted lists, no clock, no random numbers).
/// </summary>
public abstract class CodeAgent : ICodeAgent
{
    /// <inheritdoc/>
    public virtual string Name => GetType().Name;

    /// <inheritdoc/>
    public virtual bool OnlyComputes => false;

    /// <inheritdoc/>
    public async Task<AgentResult> RunAsync(ISyscalls kernel, CancellationToken cancellationToken)
    {
        try
        {
            return await WorkAsync(new AgentRuntime(kernel), cancellationToken);
        }
        catch (AgentStoppedException e)
        {
            return new AgentResult(false, $"{e.Status}: {e.Message}");
        }
    }

    /// <summary>Does the work.</summary>
    /// <returns>Whether the task is done, and a summary for people.</returns>
    protected abstract Task<AgentResult> WorkAsync(AgentRuntime runtime, CancellationToken cancellationToken);
}
