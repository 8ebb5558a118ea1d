namespace Cairn.Abstractions;

/// <summary>How a syscall ended: a closed set. Expected outcomes are values; exceptions are bugs.</summary>
public enum SyscallStatus
{
    /// <summary>Done.</summary>
    Ok,

    /// <summary>A rule forbids it; the text names the rule.</summary>
    Denied,

    /// <summary>A limit of the run is reached.</summary>
    OverBudget,

    /// <summary>It took longer than its limit.</summary>
    TimedOut,

    /// <summary>The file changed since it was read.</summary>
    Conflict,

    /// <summary>It could not be done; the text says why.</summary>
    Failed,
}

/// <summary>What a syscall brought.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Text">The answer, or why there is none.</param>
public sealed record SyscallResult(SyscallStatus Status, string Text)
{
    /// <summary>The tool's <see cref="ToolResult.Data"/>; null when it gave none.</summary>
    public string? Data { get; init; }

    /// <summary>Done.</summary>
    public bool IsOk => Status == SyscallStatus.Ok;
}

/// <summary>
/// The kernel as a code agent reaches it. Each call is journaled before it runs and its result after, at the latest together
/// with the next call (see <see cref="ICodeAgent.OnlyComputes"/>); when the run is resumed, calls that already have a result return it without running again.
/// </summary>
public interface ISyscalls
{
    /// <summary>The run.</summary>
    RunId Run { get; }

    /// <summary>The task that the run was given.</summary>
    string Task { get; }

    /// <summary>Calls a tool with JSON arguments.</summary>
    Task<SyscallResult> CallAsync(string tool, string arguments, CancellationToken cancellationToken);

    /// <summary>Marks this place.</summary>
    Task<CheckpointId> CheckpointAsync(string reason, CancellationToken cancellationToken);

    /// <summary>Takes the workspace back to a checkpoint of this run.</summary>
    Task RollbackAsync(CheckpointId checkpoint, string reason, CancellationToken cancellationToken);
}

/// <summary>What a code agent says when it is done.</summary>
/// <param name="Success">The task is done.</param>
/// <param name="Summary">For people.</param>
public sealed record AgentResult(bool Success, string Summary);

/// <summary>A code agent as the host starts it.</summary>
public interface ICodeAgent
{
    /// <summary>The agent's name in lists and journals.</summary>
    string Name { get; }

    /// <summary>
    /// Between two syscalls the agent only computes, and not for long: it speaks to nobody, writes nowhere and reads nothing
    /// but what its syscalls return. Then an answer of the sandbox may reach it before the answer is durable, because nothing
    /// of it can be seen before the agent's next syscall, and that is written down behind the answer. False is always safe.
    /// </summary>
    bool OnlyComputes => false;

    /// <summary>
    /// Does the work. Must be deterministic but for what syscalls return: it is run again from the start on resume.
    /// </summary>
    Task<AgentResult> RunAsync(ISyscalls kernel, CancellationToken cancellationToken);
}
