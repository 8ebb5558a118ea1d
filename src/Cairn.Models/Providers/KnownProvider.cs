namespace Cairn.Models;

/// <summary>A provider that Cairn knows by name: where it is and which variables configure it.</summary>
/// <param name="Name">The first part of a model's id.</param>
/// <param name="DefaultAddress">Its usual address; null when it must be set.</param>
/// <param name="AddressVariable">Overrides the address.</param>
/// <param name="KeyVariable">Holds the key.</param>
/// <param name="Local">A server on this machine, which wants no key.</param>
/// <param name="Start">How it is started or its key had, for the texts.</param>
internal sealed record KnownProvider(
    string Name, string? DefaultAddress, string AddressVariable, string KeyVariable, bool Local, string Start)
{
    public const string Anthropic = "anthropic";

    private const int OllamaPort = 11434;

    /// <summary>Every provider that is asked over HTTP.</summary>
    public static IReadOnlyList<KnownProvider> All { get; } =
    [
        new("openai", "https://api.openai.com/v1", "OPENAI_BASE_URL", "OPENAI_API_KEY", false, "keys are made at https://platform.openai.com/api-keys"),
        new(Anthropic, "https://api.anthropic.com", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", false, "keys are made at https://platform.claude.com/settings/keys"),
        new("ollama", "http://127.0.0.1:11434/v1", "OLLAMA_HOST", "OLLAMA_API_KEY", true, "start it with: ollama serve"),
        new("llamacpp", "http://127.0.0.1:8080/v1", "LLAMACPP_BASE_URL", "LLAMACPP_API_KEY", true, "start it with: llama-server --jinja -m MODEL.gguf"),
        new("vllm", "http://127.0.0.1:8000/v1", "VLLM_BASE_URL", "VLLM_API_KEY", true, "start it with: vllm serve MODEL --enable-auto-tool-choice"),
        new("compatible", null, "CAIRN_BASE_URL", "CAIRN_API_KEY", false, "any server with /chat/completions below that address"),
    ];

    /// <summary>True when a call without a key is pointless.</summary>
    public bool NeedsKey => !Local && DefaultAddress is not null;

    /// <summary>Finds a provider by name; null for an unknown one.</summary>
    public static KnownProvider? Find(string name) => All.FirstOrDefault(p => p.Name == name);

    /// <summary>Resolves the address and the key.</summary>
    /// <returns>The endpoint, or what to set.</returns>
    public (ProviderEndpoint? Endpoint, string? Problem) Resolve(Func<string, string?> environment)
    {
        var key = NonEmpty(environment(KeyVariable));
        var text = NonEmpty(environment(AddressVariable)) ?? DefaultAddress;
        if (text is null)
        {
            return (null, $"{Name} needs an address: set {AddressVariable} to a base address such as http://127.0.0.1:1234/v1, and {KeyVariable} if it wants a key ({Start}).");
        }

        if (Address(text) is not { } address)
        {
            return (null, $"{AddressVariable} is no http or https address.");
        }

        if (NeedsKey && key is null)
        {
            return (null, $"{Name} needs a key: set {KeyVariable} ({Start}).");
        }

        if (key is not null && key.Any(c => c is < '!' or > '~'))
        {
            return (null, $"{KeyVariable} holds characters that no key has (a blank, a line end or a quote mark?). Set it again.");
        }

        return (new ProviderEndpoint(Name, address, key, KeyVariable, AddressVariable) { Models = Below(address, Name == Anthropic ? "v1/models" : "models") }, null);
    }

    private static string? NonEmpty(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();

    private static Uri Below(Uri address, string path) => new(address.AbsoluteUri.TrimEnd('/') + "/" + path);

    private Uri? Address(string text)
    {
        var ollama = Name == "ollama";
        // OLLAMA_HOST is written for the server: a bare host, a port, 0.0.0.0 for "listen everywhere".
        var full = ollama && !text.Contains("://", StringComparison.Ordinal) ? "http://" + (text.StartsWith(':') ? "127.0.0.1" + text : text) : text;
        if (!Uri.TryCreate(full, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        {
            return null;
        }

        var builder = new UriBuilder(uri) { Query = "", Fragment = "", Path = uri.AbsolutePath.TrimEnd('/') };
        if (ollama)
        {
            builder.Host = builder.Host == "0.0.0.0" ? "127.0.0.1" : builder.Host;
            builder.Port = uri.IsDefaultPort && !full.Contains(":80", StringComparison.Ordinal) && uri.Scheme == Uri.UriSchemeHttp ? OllamaPort : builder.Port;
            builder.Path = builder.Path is "" or "/" ? "/v1" : builder.Path;
        }
        else if (Name == Anthropic && builder.Path.EndsWith("/v1", StringComparison.Ordinal))
        {
            builder.Path = builder.Path[..^3]; // Its SDK adds /v1 itself.
        }

        return builder.Uri;
    }
}
