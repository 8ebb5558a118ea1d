using System.Text.RegularExpressions;

namespace Cairn.Models;

/// <summary>Where a provider is and how it is reached.</summary>
/// <param name="Provider">The provider's name, the first part of a model's id.</param>
/// <param name="Address">The base address, /v1 included where the provider's SDK wants it so.</param>
/// <param name="Key">The key; null when the server wants none.</param>
/// <param name="KeyVariable">The environment variable that holds the key.</param>
/// <param name="AddressVariable">The environment variable that holds the base address.</param>
internal sealed partial record ProviderEndpoint(string Provider, Uri Address, string? Key, string KeyVariable, string AddressVariable)
{
    /// <summary>The most characters of a provider's own words in a message.</summary>
    private const int MaxQuoted = 400;

    /// <summary>The list of models.</summary>
    public required Uri Models { get; init; }

    /// <summary>The address without user, password and query: it may be shown.</summary>
    public string Shown => Address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.SafeUnescaped).TrimEnd('/');

    /// <summary>A provider's words made fit to show: no key, no control characters, not too long.</summary>
    public string Quote(string text)
    {
        var clean = text;
        if (Key is { Length: > 0 } key)
        {
            clean = clean.Replace(key, "[key]", StringComparison.Ordinal);
        }

        clean = KeyLike().Replace(clean, "[key]");
        clean = Unprintable().Replace(clean, " ").Trim();
        return clean.Length <= MaxQuoted ? clean : clean[..MaxQuoted] + "…";
    }

    /// <summary>Never the key, whoever prints this record.</summary>
    public override string ToString() => $"{Provider} at {Shown}";

    // Providers echo keys half masked: "sk-proj-ab****xyz".
    [GeneratedRegex(@"\b(sk|pk|key|Bearer)[-_ ][A-Za-z0-9_\-*.]{6,}", RegexOptions.IgnoreCase)]
    private static partial Regex KeyLike();

    [GeneratedRegex(@"[\p{Cc}\p{Cf}\s]+")]
    private static partial Regex Unprintable();
}
