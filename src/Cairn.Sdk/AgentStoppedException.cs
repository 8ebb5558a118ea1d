using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>A code agent cannot go on: something that it needs was not Ok. <see cref="CodeAgent"/> makes it the agent's result.</summary>
public sealed class AgentStoppedException(SyscallStatus status, string message) : Exception(message)
{
    /// <summary>How the syscall ended.</summary>
    public SyscallStatus Status { get; } = status;
}
