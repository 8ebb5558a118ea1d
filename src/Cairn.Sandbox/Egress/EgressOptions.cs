using System.Collections.Immutable;
using System.Net;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Egress;

/// <summary>What a run's way to the network goes by.</summary>
public sealed record EgressOptions
{
    /// <summary>What is open.</summary>
    public required ImmutableArray<NetworkRule> Rules { get; init; }

    /// <summary>Asks the run's policy: null permits, a text says why not.</summary>
    public Func<AccessRequest, string?> Permit { get; init; } = _ => null;

    /// <summary>The value of a secret, by the name of its variable; null when there is none.</summary>
    public Func<string, string?> Secret { get; init; } = _ => null;

    /// <summary>Looks a name up. Names are looked up here, never in the sandbox.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>How long a connection may take to come about.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection may lie still.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(5);
}
