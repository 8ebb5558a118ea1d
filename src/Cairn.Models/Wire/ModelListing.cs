using System.Text.Json;

namespace Cairn.Models;

/// <summary>A model in a provider's list.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ContextTokens">Its window, when the list says so (vLLM, llama.cpp and some gateways do).</param>
internal readonly record struct ListedModel(string Name, int? ContextTokens);

/// <summary>Asks a provider which models it has: GET /v1/models, the same answer everywhere.</summary>
internal sealed class ModelListing(ProviderEndpoint endpoint, ModelCatalogOptions options)
{
    /// <summary>The most models that are read from a list.</summary>
    public const int MostModels = 500;

    private const long MaxListBytes = 4 * 1024 * 1024;

    /// <summary>The models; empty when the provider cannot or will not say.</summary>
    public async Task<IReadOnlyList<ListedModel>> TryListAsync(CancellationToken cancellationToken) =>
        (await AskAsync(options.Limits.Listing, cancellationToken)).Models;

    /// <summary>Asks within a limit. Found is false when nothing answered at all.</summary>
    public async Task<(bool Found, IReadOnlyList<ListedModel> Models)> AskAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var limits = options.Limits with { FirstByte = limit, Silence = limit, AnswerBytes = MaxListBytes };
        using var http = ProviderHttp.Create(endpoint, options with { Limits = limits });
        using var request = new HttpRequestMessage(HttpMethod.Get, endpoint.Models);
        if (endpoint.Key is { } key)
        {
            // Each provider reads its own header and ignores the other's.
            if (endpoint.Provider == "anthropic")
            {
                request.Headers.TryAddWithoutValidation("x-api-key", key);
                request.Headers.TryAddWithoutValidation("anthropic-version", "2023-06-01");
            }
            else
            {
                request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
            }
        }

        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            using var list = await JsonDocument.ParseAsync(stream, default, cancellationToken);
            return (true, Read(list.RootElement));
        }
        catch (JsonException)
        {
            return (false, []); // Something listens there, but no model server.
        }
        catch (Exception e) when (WireException.In(e) is { } wire)
        {
            return (wire.Status is 401 or 403, []); // A server that wants a key is a server.
        }
        catch (HttpRequestException)
        {
            return (false, []);
        }
    }

    private static List<ListedModel> Read(JsonElement root)
    {
        var models = new List<ListedModel>();
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Array)
        {
            return models;
        }

        foreach (var item in data.EnumerateArray().Take(MostModels))
        {
            if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String)
            {
                models.Add(new(id.GetString()!, Window(item)));
            }
        }

        return models;
    }

    private static int? Window(JsonElement item)
    {
        foreach (var name in (ReadOnlySpan<string>)["max_model_len", "max_input_tokens", "context_length", "context_window"])
        {
            if (item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var tokens) && tokens > 0)
            {
                return tokens;
            }
        }

        return item.TryGetProperty("meta", out var meta) && meta.ValueKind == JsonValueKind.Object
            && meta.TryGetProperty("n_ctx", out var size) && size.TryGetInt32(out var n) && n > 0 ? n : null;
    }
}
