using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>
/// What a run has beside the built-in tools. It stands in the run's first record, so that a resumed run has the same tools
/// with the same definitions, whatever became of the files and servers that they came from.
/// </summary>
public sealed record RunDevices
{
    /// <summary>Tools that are executables with a manifest.</summary>
    public ImmutableArray<ToolManifest> Tools { get; init; } = [];

    /// <summary>MCP servers with the tools that they offered when the run began.</summary>
    public ImmutableArray<McpServer> Servers { get; init; } = [];

    /// <summary>What of the network may be reached.</summary>
    public ImmutableArray<NetworkRule> Network { get; init; } = [];

    /// <summary>Language servers; null when nobody said anything about them, empty for none.</summary>
    public ImmutableArray<LanguageServer>? Languages { get; init; }

    /// <summary>There is nothing.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsEmpty => Tools.IsEmpty && Servers.IsEmpty && Network.IsEmpty && Languages is null;

    /// <summary>A sandboxed command may change something outside through the network: a rule lets more through than reading.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool CanReachOut => Network.Any(rule => rule.Methods.IsDefaultOrEmpty || rule.Methods.Any(m => m is not ("GET" or "HEAD")));
}

/// <summary>A tool that is an executable: the arguments are JSON on its standard input, the answer is its standard output.</summary>
/// <param name="Name">The name that models call.</param>
/// <param name="Description">What it does, for models.</param>
/// <param name="Schema">Strict JSON Schema of the arguments.</param>
/// <param name="Effect">What may be done after a crash, as its author declares.</param>
/// <param name="Command">Program and arguments, run in the sandbox at the workspace's root.</param>
/// <param name="TimeoutSeconds">The most wall time of one call.</param>
/// <param name="Source">The manifest's path.</param>
public sealed record ToolManifest(
    string Name, string Description, string Schema, EffectClass Effect, ImmutableArray<string> Command, int TimeoutSeconds, string Source)
{
    /// <summary>A directory that the command sees read-only at /run/tool; null for none.</summary>
    public string? Directory { get; init; }

    /// <summary>It wants the run's network, if the run has one.</summary>
    public bool Network { get; init; }

    /// <summary>What one call costs in US dollars, as its author declares.</summary>
    public decimal CostUsd { get; init; }
}

/// <summary>What an MCP server sees of the run's files.</summary>
public enum McpFiles
{
    /// <summary>A read-only view of the files as they are: when they changed, the server is started anew and its state is lost.</summary>
    Current,

    /// <summary>A read-only view of the files as they were at the server's start: one server for as long as the run is driven.</summary>
    Fixed,

    /// <summary>The files themselves: one server for each call, whose changes are the call's.</summary>
    Writable,
}

/// <summary>An MCP server: one that runs in the sandbox and is spoken to over its standard input and output, or one of the network.</summary>
/// <param name="Name">Its name; its tools are called NAME__TOOL.</param>
/// <param name="Command">Program and arguments.</param>
/// <param name="Environment">Variables; no secrets, since the server is not trusted.</param>
/// <param name="Mounts">Directories that it sees read-only at the same path.</param>
/// <param name="Files">What it sees of the run's files.</param>
/// <param name="Network">It wants the run's network, if the run has one.</param>
/// <param name="TimeoutSeconds">The most seconds of one request.</param>
public sealed record McpServer(
    string Name,
    ImmutableArray<string> Command,
    ImmutableSortedDictionary<string, string> Environment,
    ImmutableArray<string> Mounts,
    McpFiles Files,
    bool Network,
    int TimeoutSeconds)
{
    /// <summary>The address of a server that is spoken to over HTTP, through the run's network and its rules; null for one in the sandbox.</summary>
    public string? Url { get; init; }

    /// <summary>What it offered when the run began; what it says later does not change them.</summary>
    public ImmutableArray<McpOffer> Offers { get; init; } = [];
}

/// <summary>What a call of an MCP tool asks of the server.</summary>
public enum McpKind
{
    /// <summary>One of its tools.</summary>
    Tool,

    /// <summary>One of its resources, by URI.</summary>
    Resource,

    /// <summary>One of its prompts, by name.</summary>
    Prompt,
}

/// <summary>One thing that an MCP server offers, as a tool.</summary>
/// <param name="Kind">What it is there.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Description">What the server says that it does: untrusted, made harmless and cut.</param>
/// <param name="Schema">JSON Schema of the arguments.</param>
/// <param name="Effect">What may be done after a crash.</param>
public sealed record McpOffer(McpKind Kind, string Name, string Description, string Schema, EffectClass Effect);
