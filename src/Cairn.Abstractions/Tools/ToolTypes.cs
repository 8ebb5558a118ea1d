using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>What may be done when a tool call's outcome is unknown after a crash.</summary>
public enum EffectClass
{
    /// <summary>Reads only: run it again.</summary>
    Pure,

    /// <summary>Changes the run's layer only: drop the layer and run it again.</summary>
    Sandboxed,

    /// <summary>Leaves the sandbox under an idempotency key: ask the other side what became of it.</summary>
    ExternalKeyed,

    /// <summary>Leaves the sandbox without a key: never run again, a human decides.</summary>
    ExternalUnkeyed,
}

/// <summary>How a tool call ended.</summary>
public enum ToolStatus
{
    /// <summary>It did what was asked. A command that ran and exited non-zero is Ok: that is its answer.</summary>
    Ok,

    /// <summary>Policy forbids it.</summary>
    Denied,

    /// <summary>The call itself was wrong: unknown tool, invalid arguments. Nothing was executed.</summary>
    Invalid,

    /// <summary>The world moved on: the file changed since it was read. Nothing was changed.</summary>
    Conflict,

    /// <summary>It hit its time limit and was stopped.</summary>
    TimedOut,

    /// <summary>It was stopped because the run was.</summary>
    Cancelled,

    /// <summary>It could not be done.</summary>
    Failed,

    /// <summary>After a crash nobody knows whether it happened.</summary>
    Unknown,
}

/// <summary>What a tool call means for the run as a whole.</summary>
public enum ToolSignal
{
    /// <summary>Nothing: the run goes on.</summary>
    None,

    /// <summary>The agent says that the task is done; the judge has the next word.</summary>
    Complete,

    /// <summary>The agent says that it cannot do the task.</summary>
    GiveUp,
}

/// <summary>The one declarative description of a tool.</summary>
/// <param name="Name">The name that models call.</param>
/// <param name="Description">What it does, for models; from a Markdown file beside the code.</param>
/// <param name="Schema">Strict JSON Schema of the arguments.</param>
/// <param name="Effect">What may be done after a crash.</param>
/// <param name="Timeout">The most wall time of one call.</param>
public sealed record ToolDescriptor(string Name, string Description, string Schema, EffectClass Effect, TimeSpan Timeout)
{
    /// <summary>Where it comes from: "built-in", the path of a manifest, "mcp:SERVER".</summary>
    public string Source { get; init; } = "built-in";

    /// <summary>The permissions that a call needs beside tool.call: fs.read, proc.spawn, net.connect, …</summary>
    public ImmutableArray<string> Capabilities { get; init; } = [];

    /// <summary>The most bytes of an answer.</summary>
    public int AnswerBytes { get; init; } = ToolResult.MaxTextBytes;

    /// <summary>What one call costs beside the tokens of its answer, in US dollars; 0 for what runs on this machine.</summary>
    public decimal CostUsd { get; init; }
}

/// <summary>What a tool call brought.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Text">The answer for the agent: at most <see cref="MaxTextBytes"/> bytes of UTF-8.</param>
public sealed record ToolResult(ToolStatus Status, string Text)
{
    /// <summary>The most bytes of an answer; drivers cut before and say so.</summary>
    public const int MaxTextBytes = 256 * 1024;

    /// <summary>The most characters of <see cref="Data"/>.</summary>
    public const int MaxDataChars = 16 * 1024 * 1024;

    /// <summary>
    /// The answer for a program: JSON of the tool's data record (<see cref="FileData"/>, <see cref="CommandData"/>, …).
    /// Only set when <see cref="ToolContext.Exact"/> asks for it; never shown to a model.
    /// </summary>
    public string? Data { get; init; }

    /// <summary>What it means for the run.</summary>
    public ToolSignal Signal { get; init; }

    /// <summary>What the answer means for the context; null for nothing.</summary>
    public ContextReport? Context { get; init; }

    /// <summary>Processes that were started.</summary>
    public int Processes { get; init; }

    /// <summary>The limit that stopped it (memory, pids, wall time, output, …); null when none did.</summary>
    public string? LimitHit { get; init; }

    /// <summary>What was asked of the network by something that lives on after the call, such as a server.</summary>
    public ImmutableArray<NetworkAccess> Network { get; init; } = [];

    /// <summary>It did what was asked.</summary>
    public static ToolResult Ok(string text) => new(ToolStatus.Ok, text);

    /// <summary>It could not be done.</summary>
    public static ToolResult Failed(string text) => new(ToolStatus.Failed, text);
}

/// <summary>What a tool sees of the run that calls it.</summary>
/// <param name="Run">The run.</param>
/// <param name="Call">The call.</param>
/// <param name="Workspace">The run's files and sandbox.</param>
/// <param name="OnOutput">Told of output while it arrives, for live display; may be null.</param>
public sealed record ToolContext(RunId Run, CallId Call, IWorkspace Workspace, Action<string>? OnOutput = null)
{
    /// <summary>
    /// The caller is a program, not a model: content is taken exactly as given (line endings are not adapted), and the
    /// result carries <see cref="ToolResult.Data"/>.
    /// </summary>
    public bool Exact { get; init; }

    /// <summary>The run's way to the network; null when it has none.</summary>
    public INetwork? Network { get; init; }

    /// <summary>
    /// Names this call for the other side of an <see cref="EffectClass.ExternalKeyed"/> effect: the same after a crash, so
    /// that the other side carries it out once however often it is asked.
    /// </summary>
    public string IdempotencyKey => $"cairn/{Run}/{Call}";
}

/// <summary>A tool: a device behind one name.</summary>
public interface ITool
{
    /// <summary>The tool's description.</summary>
    ToolDescriptor Descriptor { get; }

    /// <summary>Runs a call whose arguments passed the schema. Expected outcomes are values; exceptions are bugs.</summary>
    Task<ToolResult> InvokeAsync(ToolContext context, System.Text.Json.JsonElement arguments, CancellationToken cancellationToken);
}

/// <summary>The tools that exist, and the check that a call must pass before it is executed.</summary>
public interface IToolRegistry
{
    /// <summary>All tools, in the fixed order in which prompts list them.</summary>
    ImmutableArray<ITool> Tools { get; }

    /// <summary>Finds a tool by name; null when there is none.</summary>
    ITool? Find(string name);

    /// <summary>Checks a call against the tool's schema without running anything.</summary>
    /// <returns>Null when the call is valid; else what is wrong and how a right call looks.</returns>
    string? Check(string name, string arguments, IReadOnlySet<string> allowed);
}
