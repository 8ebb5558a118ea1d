using Microsoft.AspNetCore.Http;

namespace Cairn.Host;

/// <summary>What a gateway takes from a client's headers.</summary>
internal static class ClientHeaders
{
    private const string Bearer = "Bearer ";
    private static readonly string[] Passed = ["anthropic-version", "anthropic-beta", "openai-beta"];

    /// <summary>The secret that a client presents, as OpenAI's or as Anthropic's clients do; null for none.</summary>
    public static string? Secret(HttpRequest request)
    {
        if (request.Headers.Authorization.FirstOrDefault() is { } authorization && authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return authorization[Bearer.Length..].Trim();
        }

        return request.Headers["x-api-key"].FirstOrDefault();
    }

    /// <summary>Where the client stands in a trace of its own; null for nowhere.</summary>
    public static string? Trace(HttpRequest request) => request.Headers.TraceParent.FirstOrDefault();

    /// <summary>Headers that a provider of the same format wants to see; never a key.</summary>
    public static Dictionary<string, string> ToPass(HttpRequest request)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in Passed)
        {
            if (request.Headers[name].FirstOrDefault() is { Length: > 0 } value)
            {
                headers[name] = value;
            }
        }

        return headers;
    }
}
