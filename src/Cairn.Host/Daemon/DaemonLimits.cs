namespace Cairn.Host;

/// <summary>How much a daemon does at once. What is beyond it waits in the order in which it came.</summary>
public sealed record DaemonLimits
{
    /// <summary>The most runs that are driven at once.</summary>
    public int LiveRuns { get; init; } = 1000;

    /// <summary>The most runs that wait for their turn; more are refused.</summary>
    public int WaitingRuns { get; init; } = 10_000;

    /// <summary>The most model calls, tool calls, judges and merges under way at once, in all runs together.</summary>
    public int ActiveEffects { get; init; } = 64;

    /// <summary>The most connections at once, those that watch events included.</summary>
    public int Connections { get; init; } = 1024;

    /// <summary>The most bytes of a request's body.</summary>
    public int RequestBytes { get; init; } = 1024 * 1024;

    /// <summary>How long a stopping daemon waits for what is under way.</summary>
    public TimeSpan StopPatience { get; init; } = TimeSpan.FromSeconds(3);
}
