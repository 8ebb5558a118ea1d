using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>Who a model agent is: what an agent file says, or the built-in coder.</summary>
public sealed record AgentProfile
{
    /// <summary>The agent's name.</summary>
    public string Name { get; init; } = "coder";

    /// <summary>The role's instructions.</summary>
    public required string Prompt { get; init; }

    /// <summary>The tools that it may call; empty for all but spawn_run and git_commit, which an agent file must name.</summary>
    public ImmutableArray<string> Tools { get; init; } = [];

    /// <summary>provider:name; null to choose.</summary>
    public string? Model { get; init; }

    /// <summary>The judge's shell command; null to find one.</summary>
    public string? Judge { get; init; }

    /// <summary>What happens with the changes; null for the command's default.</summary>
    public MergeMode? Merge { get; init; }

    /// <summary>What it may do; null permits every call that the sandbox can carry out.</summary>
    public PolicyBinding? Policy { get; init; }

    /// <summary>The policy of its context, by name; null for the default.</summary>
    public string? ContextPolicy { get; init; }

    /// <summary>What happens when an action names what does not exist; null to warn.</summary>
    public GroundingMode? Grounding { get; init; }

    /// <summary>What it has beside the built-in tools.</summary>
    public RunDevices Devices { get; init; } = new();

    /// <summary>The hard stops.</summary>
    public RunLimits Limits { get; init; } = new();

    /// <summary>The days for which its runs are kept after they ended; null leaves that to who collects.</summary>
    public int? KeepDays { get; init; }

    /// <summary>The built-in software engineer.</summary>
    public static AgentProfile Coder()
    {
        using var stream = typeof(AgentProfile).Assembly.GetManifestResourceStream("Agents/coder.md")
            ?? throw new InvalidOperationException("Agents/coder.md is not embedded in Cairn.Host");
        using var reader = new StreamReader(stream);
        return new AgentProfile { Prompt = reader.ReadToEnd().Trim() };
    }
}
