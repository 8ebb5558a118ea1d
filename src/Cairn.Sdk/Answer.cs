using Cairn.Abstractions;

namespace Cairn.Sdk;

/// <summary>What a syscall brought: how it ended, what was said, and its value when it is Ok.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
/// <param name="Status">How it ended; every outcome that is to be expected is one of these.</param>
/// <param name="Text">The answer as people and models read it, or why there is none.</param>
/// <param name="Value">
/// What was asked for. Null unless it is Ok, but for a command: one that was stopped by its time limit still has its output.
/// </param>
public sealed record Answer<T>(SyscallStatus Status, string Text, T? Value)
    where T : class
{
    /// <summary>It is done, and there is a value.</summary>
    [System.Diagnostics.CodeAnalysis.MemberNotNullWhen(true, nameof(Value))]
    public bool IsOk => Status == SyscallStatus.Ok && Value is not null;

    /// <summary>The value, for agents that have no other way without it: ends the agent with a failure when there is none.</summary>
    /// <exception cref="AgentStoppedException">When it is not Ok; <see cref="CodeAgent"/> turns it into the agent's result.</exception>
    public T OrStop() => IsOk ? Value : throw new AgentStoppedException(Status, Text);
}
