using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>Makes the choice of a model again.</summary>
internal static class RouteProof
{
    /// <summary>The routed call that an event records; null when nobody chose.</summary>
    public static BlobHash? Of(RunEvent e) => e switch
    {
        ModelCallFinished x => x.Route,
        ModelCallFailed x => x.Route,
        _ => null,
    };

    /// <summary>How the choice differs from the one that the policy makes; null when it does not, or when the policy is not among Cairn's own any more.</summary>
    public static string? Difference(RunEvent e, IBlobStore blobs)
    {
        if (Of(e) is not { } hash)
        {
            return null;
        }

        var record = JsonSerializer.Deserialize(blobs.Get(hash), CairnJson.Default.RouteRecord)
            ?? throw new InvalidDataException($"the routed call {hash.Short} is empty");
        var decision = record.Decision;
        var policy = RoutePolicy.Shipped.FirstOrDefault(p => p.Hash() == decision.PolicyHash);
        return policy is not null && !Router.Confirms(policy, decision) ? $"{decision.Policy} does not choose {decision.Scores.FirstOrDefault()?.Model} from what was recorded"
            : record.Chosen is { } chosen && !decision.Scores.Any(s => s.Model == chosen && s.Excluded is null) ? $"{chosen} answered, and {decision.Policy} had excluded it"
            : null;
    }
}
