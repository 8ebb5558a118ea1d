using System.Collections.Immutable;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>A model id that leaves the choice to the router: <c>route:POLICY</c>, or <c>route:POLICY=ID,ID</c> to choose among some models only.</summary>
/// <param name="Policy">The policy's name.</param>
/// <param name="Models">The models; empty for those of the registry file.</param>
internal sealed record RouteName(string Policy, ImmutableArray<string> Models)
{
    public const string Prefix = "route:";

    /// <summary>Null when the id names a model itself.</summary>
    public static RouteName? Parse(string id)
    {
        if (!id.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var rest = id[Prefix.Length..].Split('=', 2);
        return new(rest[0].Trim(), rest.Length == 1 ? [] : [.. rest[1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct()]);
    }

    /// <summary>What there is to choose from, for people.</summary>
    public static string Known(IEnumerable<RoutePolicy> policies) => string.Join(", ", policies.Select(p => p.Name));
}
