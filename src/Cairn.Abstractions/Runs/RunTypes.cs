using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>What issues a run's syscalls.</summary>
public enum AgentKind
{
    /// <summary>A role, tools and a policy; the loop is the kernel's.</summary>
    Model,

    /// <summary>A C# class over the Sdk; each awaited call is a journaled step.</summary>
    Code,
}

/// <summary>What happens with a run's changes once its judge is content.</summary>
public enum MergeMode
{
    /// <summary>They are merged into the repository.</summary>
    Auto,

    /// <summary>A human is asked.</summary>
    Ask,

    /// <summary>They stay in the run's fork until `cairn merge`.</summary>
    Never,
}

/// <summary>How a run ended.</summary>
public enum RunOutcome
{
    /// <summary>The agent completed and the judge, if there is one, agreed.</summary>
    Succeeded,

    /// <summary>The agent said that it cannot do the task.</summary>
    GaveUp,

    /// <summary>The judge did not agree within its rounds.</summary>
    Rejected,

    /// <summary>A limit on tokens, money, steps, errors or wall time was reached.</summary>
    OverBudget,

    /// <summary>A human stopped it.</summary>
    Cancelled,

    /// <summary>It could not go on.</summary>
    Failed,
}

/// <summary>A tool as a run may use it.</summary>
/// <param name="Name">The tool's name.</param>
/// <param name="Effect">Its effect class when the run began.</param>
public sealed record ToolBinding(string Name, EffectClass Effect);

/// <summary>A text that a run was given, such as an AGENTS.md.</summary>
/// <param name="Source">Where it comes from: a path in the repository, or a name.</param>
/// <param name="Body">Its bytes.</param>
/// <param name="Tokens">Upper bound of its tokens.</param>
public sealed record TextSource(string Source, BlobHash Body, int Tokens);

/// <summary>Who does the work.</summary>
/// <param name="Kind">What issues the syscalls.</param>
/// <param name="Name">The agent's name.</param>
/// <param name="Prompt">The role's instructions (model agents).</param>
/// <param name="ToolDefinitions">Canonical JSON of the tool definitions in prompt order (model agents).</param>
/// <param name="ToolTokens">Upper bound of the definitions' tokens.</param>
/// <param name="Tools">The tools that may be called.</param>
public sealed record AgentSpec(
    AgentKind Kind,
    string Name,
    TextSource? Prompt,
    BlobHash ToolDefinitions,
    int ToolTokens,
    ImmutableArray<ToolBinding> Tools);

/// <summary>The model that a run asks.</summary>
/// <param name="Id">provider:name.</param>
/// <param name="ContextTokens">Size of its window.</param>
/// <param name="MaxOutputTokens">The most tokens of one answer.</param>
/// <param name="Recorded">Its answers were recorded before.</param>
public sealed record ModelBinding(string Id, int ContextTokens, int MaxOutputTokens, bool Recorded)
{
    /// <summary>US dollars per million input tokens; null when unknown.</summary>
    public decimal? InputPrice { get; init; }

    /// <summary>US dollars per million output tokens; null when unknown.</summary>
    public decimal? OutputPrice { get; init; }

    /// <summary>How many models answer one call; null for one.</summary>
    public int? Voters { get; init; }
}

/// <summary>The hard stops of a run. What is null is not limited.</summary>
public sealed record RunLimits
{
    /// <summary>Input and output tokens of all model calls.</summary>
    public long? Tokens { get; init; }

    /// <summary>US dollars of all model calls.</summary>
    public decimal? Usd { get; init; }

    /// <summary>Model calls (model agents) or syscalls (code agents).</summary>
    public int Steps { get; init; } = 100;

    /// <summary>Wall time from the first record to the last.</summary>
    public TimeSpan? Wall { get; init; }

    /// <summary>Failed or invalid tool calls in a row.</summary>
    public int ErrorsInARow { get; init; } = 12;

    /// <summary>Attempts of one model call.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>Times that the judge may send the agent back.</summary>
    public int JudgeRounds { get; init; } = 3;

    /// <summary>The limits of each command of its tools; null for the sandbox's own.</summary>
    public CommandLimits? Command { get; init; }
}

/// <summary>The limits of the commands that a run's tools start. What is null is as <see cref="SandboxLimits"/> has it.</summary>
public sealed record CommandLimits
{
    /// <summary>The most memory of all processes of a command together, in bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The most processes and threads at once.</summary>
    public int? Pids { get; init; }

    /// <summary>The most open files of one process.</summary>
    public int? OpenFiles { get; init; }

    /// <summary>The largest file, in bytes.</summary>
    public long? FileBytes { get; init; }

    /// <summary>The most that a command may put into the layer, in bytes.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>The most bytes kept of each output stream; a tool may keep less.</summary>
    public int? OutputBytes { get; init; }

    /// <summary>The most wall time in seconds; a tool may allow less.</summary>
    public int? WallSeconds { get; init; }

    /// <summary>The most processor time of each process, in seconds.</summary>
    public int? CpuSeconds { get; init; }

    /// <summary>What kind of work the commands do; null for what the run's policy forbids outright.</summary>
    public SandboxProfile? Profile { get; init; }

    /// <summary>A command's limits under these.</summary>
    public SandboxLimits Over(SandboxLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var wall = TimeSpan.FromSeconds(WallSeconds ?? int.MaxValue);
        return limits with
        {
            MemoryBytes = MemoryBytes ?? limits.MemoryBytes,
            Pids = Pids ?? limits.Pids,
            OpenFiles = OpenFiles ?? limits.OpenFiles,
            FileBytes = FileBytes ?? limits.FileBytes,
            DiskBytes = DiskBytes ?? limits.DiskBytes,
            OutputBytes = Math.Min(OutputBytes ?? int.MaxValue, limits.OutputBytes),
            Wall = wall < limits.Wall ? wall : limits.Wall,
            CpuSeconds = CpuSeconds ?? limits.CpuSeconds,
        };
    }
}

/// <summary>The judge of a run: a command that must exit with 0 in a sandbox over the finished layers.</summary>
/// <param name="Command">A shell command; what it changes is dropped.</param>
/// <param name="TimeoutSeconds">The most seconds that it may take.</param>
public sealed record JudgeSpec(string Command, int TimeoutSeconds = 900);

/// <summary>A request of a model to call a tool, after it was checked against the tool's schema.</summary>
/// <param name="ModelCallId">The id that the provider gave it.</param>
/// <param name="Tool">The tool's name.</param>
/// <param name="Arguments">The arguments' JSON text.</param>
/// <param name="Problem">What is wrong with the call; none when it is valid. An invalid call is never executed.</param>
/// <param name="ProblemTokens">Upper bound of that text's tokens.</param>
public sealed record RequestedCall(string ModelCallId, string Tool, BlobHash Arguments, BlobHash Problem, int ProblemTokens)
{
    /// <summary>What it needs permissions for; null in a run without a policy.</summary>
    public ImmutableArray<AccessRequest>? Needs { get; init; }
}
