using System.Net.Http.Headers;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>A model as a gateway asks it: in its provider's own words where there are any.</summary>
public sealed class WireBackend
{
    private const string AnthropicVersion = "2023-06-01";
    private const string ChatPath = "/chat/completions";
    private const string ResponsesPath = "/responses";
    private const string MessagesPath = "/v1/messages";
    private const string CountPath = "/v1/messages/count_tokens";
    private static readonly MediaTypeHeaderValue JsonType = new("application/json");
    private readonly IWireSource? _source;

    // Parsing an address anew for each request would cost more than reading the request does.
    private readonly Dictionary<string, Uri> _addresses = [];

    private WireBackend(IModel model)
    {
        (Model, _source) = (model, model as IWireSource);
        foreach (var path in _source is null ? [] : new[] { ChatPath, ResponsesPath, MessagesPath, CountPath })
        {
            _addresses[path] = new(_source!.Endpoint.Address.AbsoluteUri.TrimEnd('/') + path);
        }
    }

    /// <summary>The model.</summary>
    public IModel Model { get; }

    /// <summary>What is known of it.</summary>
    public ModelInfo Info => Model.Info;

    /// <summary>Takes a model of the catalog.</summary>
    public static WireBackend Of(IModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new(model);
    }

    /// <summary>Requests of this format can be passed on as they are.</summary>
    public bool Speaks(WireFormat format) => _source?.Formats.Contains(format) ?? false;

    /// <summary>The format that requests are put into; null for a model without one (recorded, scripted).</summary>
    internal WireFormat? Native => _source?.Formats[0];

    /// <summary>The price of a call; null when the model has none.</summary>
    internal decimal? Cost(WireUsage usage)
    {
        var plain = new ModelUsage(usage.Input, usage.Output, usage.Cached);
        return (_source is null ? null : PriceTable.Cost(_source.Price, plain, usage.CacheWrites)) ?? Info.Cost(plain);
    }

    /// <summary>Sends a body of one of its formats.</summary>
    /// <exception cref="WireException">When there is no answer, or the provider refuses.</exception>
    internal async Task<HttpResponseMessage> SendAsync(
        WireFormat format, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, bool count, CancellationToken cancellationToken)
    {
        var source = _source ?? throw new InvalidOperationException($"{Info.Id} is not behind HTTP.");
        using var request = new HttpRequestMessage(HttpMethod.Post, AddressOf(format, count))
        {
            Content = new ReadOnlyMemoryContent(body),
        };
        request.Content.Headers.ContentType = JsonType;
        Authorize(request, source.Endpoint, format, headers);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await source.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    private static void Authorize(HttpRequestMessage request, ProviderEndpoint endpoint, WireFormat format, IReadOnlyDictionary<string, string> headers)
    {
        if (format == WireFormat.Messages)
        {
            if (!headers.ContainsKey("anthropic-version"))
            {
                request.Headers.TryAddWithoutValidation("anthropic-version", AnthropicVersion);
            }

            if (endpoint.Key is { } secret)
            {
                request.Headers.TryAddWithoutValidation("x-api-key", secret);
            }
        }
        else if (endpoint.Key is { } key)
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + key);
        }
    }

    private Uri AddressOf(WireFormat format, bool count) => _addresses[format switch
    {
        WireFormat.Chat => ChatPath,
        WireFormat.Responses => ResponsesPath,
        _ => count ? CountPath : MessagesPath,
    }];
}
