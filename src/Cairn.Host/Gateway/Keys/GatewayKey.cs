namespace Cairn.Host;

/// <summary>Whose a virtual key is.</summary>
public enum KeyOwner
{
    /// <summary>An agent's, whichever run it is in.</summary>
    Agent,

    /// <summary>Several people or agents share it and its budget.</summary>
    Team,

    /// <summary>One run's; it is good for nothing once that run is over.</summary>
    Run,
}

/// <summary>A virtual key of the gateway as it is stored: what it opens and how far, and a hash of the secret, never the secret.</summary>
/// <param name="Id">Names the key in lists and logs.</param>
/// <param name="Hash">SHA-256 of the secret.</param>
/// <param name="Kind">Whose it is.</param>
/// <param name="Owner">The owner's name or the run's id.</param>
/// <param name="Created">When it was made.</param>
public sealed record GatewayKey(string Id, string Hash, KeyOwner Kind, string Owner, DateTimeOffset Created)
{
    /// <summary>Models that it may ask, PROVIDER:NAME or with a * at the end; empty for all that are configured.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>The most tokens, input and output, of all its calls; null for no limit.</summary>
    public long? BudgetTokens { get; init; }

    /// <summary>The most US dollars of all its calls; null for no limit.</summary>
    public decimal? BudgetUsd { get; init; }

    /// <summary>The most requests in any minute; null for no limit.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>The most tokens in any minute; null for no limit.</summary>
    public long? TokensPerMinute { get; init; }

    /// <summary>When it ends; null for never.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>When it was revoked; null while it is good.</summary>
    public DateTimeOffset? Revoked { get; init; }

    /// <summary>Whether it may ask a model. A route that names its models holds other names: only the whole of it is compared.</summary>
    public bool Allows(string model) => Models.Count == 0 || Models.Any(m => m.EndsWith('*')
        ? model.StartsWith(m[..^1], StringComparison.Ordinal)
        : m == model || (!model.StartsWith(RouteName.Prefix, StringComparison.Ordinal) && model.EndsWith(":" + m, StringComparison.Ordinal)));

    /// <summary>Whether it is good at a time.</summary>
    public bool IsGood(DateTimeOffset now) => Revoked is null && (Expires is null || now < Expires);
}

/// <summary>What a key's calls came to.</summary>
/// <param name="Key">The key.</param>
/// <param name="Requests">Its calls.</param>
/// <param name="Tokens">Tokens that they took.</param>
/// <param name="Usd">What they cost.</param>
public sealed record KeyView(GatewayKey Key, long Requests, long Tokens, decimal Usd);

/// <summary>A key that was just made: the only time that its secret is shown.</summary>
/// <param name="Key">The key.</param>
/// <param name="Secret">What its holder presents.</param>
public sealed record NewKey(GatewayKey Key, string Secret);
