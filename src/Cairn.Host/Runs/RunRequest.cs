using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>What a user asks for when a run is started.</summary>
public sealed record RunRequest
{
    /// <summary>What is to be done.</summary>
    public required string Task { get; init; }

    /// <summary>Path of the repository.</summary>
    public required string Repository { get; init; }

    /// <summary>Who does it, for a model agent.</summary>
    public AgentProfile? Profile { get; init; }

    /// <summary>Who does it, for a code agent.</summary>
    public ICodeAgent? Code { get; init; }

    /// <summary>The program that does it, for a guest; <see cref="Code"/> is its driver then.</summary>
    public GuestSpec? Guest { get; init; }

    /// <summary>provider:name; null for a code agent.</summary>
    public string? Model { get; init; }

    /// <summary>What happens with the changes.</summary>
    public MergeMode Merge { get; init; } = MergeMode.Ask;

    /// <summary>The judge; null when the agent's word counts.</summary>
    public JudgeSpec? Judge { get; init; }

    /// <summary>What it may do; null permits every call that the sandbox can carry out.</summary>
    public PolicyBinding? Policy { get; init; }

    /// <summary>What it has beside the built-in tools; null for nothing.</summary>
    public RunDevices? Devices { get; init; }

    /// <summary>The hard stops.</summary>
    public RunLimits Limits { get; init; } = new();

    /// <summary>The days for which the run is kept after it ended; null leaves that to who collects.</summary>
    public int? KeepDays { get; init; }
}
