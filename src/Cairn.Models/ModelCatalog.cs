using System.Collections.Concurrent;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>
/// Opens models by id: openai, anthropic, ollama, llamacpp, vllm and compatible over HTTP; recorded and scripted from a
/// file. A provider is one folder under Providers and one line in <see cref="KnownProvider"/> and <see cref="Build"/>.
/// </summary>
public sealed class ModelCatalog(ModelCatalogOptions options) : IModelCatalog, IDisposable
{
    private readonly ConcurrentDictionary<ProviderEndpoint, HttpClient> _clients = new();
    private readonly LocalServers _servers = new(options);

    /// <inheritdoc/>
    public async ValueTask<(IModel? Model, string? Problem)> OpenAsync(string id, CancellationToken cancellationToken)
    {
        id = (id ?? "").Trim();
        if (id.Length == 0)
        {
            return (null, WhatToSet());
        }

        var colon = id.IndexOf(':', StringComparison.Ordinal);
        var prefix = colon < 0 ? "" : id[..colon];
        var name = id[(colon + 1)..];
        if (prefix is RecordedModels.Recorded or RecordedModels.Scripted)
        {
            return await RecordedModels.OpenAsync(prefix, name, options, cancellationToken);
        }

        if (KnownProvider.Find(prefix) is { } provider)
        {
            return await OpenAsync(provider, name, cancellationToken);
        }

        // Names at Ollama hold colons themselves, so an unknown prefix is part of a bare name.
        return BareNames.Provider(id) is { } meant
            ? await OpenAsync(meant, id, cancellationToken)
            : await OpenBareAsync(id, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ModelAvailability>> FindAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(KnownProvider.All.Select(provider => _servers.LookAsync(provider, cancellationToken)));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }

        _clients.Clear();
    }

    /// <summary>What to do when no model is configured at all.</summary>
    public static string WhatToSet() =>
        "No model is chosen. Either set OPENAI_API_KEY or ANTHROPIC_API_KEY and name a model (openai:NAME, anthropic:NAME); "
        + "or start Ollama, llama.cpp or vLLM on this machine (ollama:NAME, llamacpp:NAME, vllm:NAME); "
        + "or set CAIRN_BASE_URL to any OpenAI-compatible server (compatible:NAME).";

    private async ValueTask<(IModel? Model, string? Problem)> OpenBareAsync(string name, CancellationToken cancellationToken)
    {
        var found = new List<(KnownProvider Provider, string Name)>();
        foreach (var provider in KnownProvider.All.Where(p => p.Local || p.DefaultAddress is null))
        {
            var models = await _servers.ListAsync(provider, cancellationToken);
            found.AddRange(models.Where(m => BareNames.Same(m.Name, name)).Take(1).Select(m => (provider, m.Name)));
        }

        return found switch
        {
            [var only] => await OpenAsync(only.Provider, only.Name, cancellationToken),
            [] => (null, $"No provider is known to have '{name}'. Name it as PROVIDER:NAME, with one of {string.Join(", ", KnownProvider.All.Select(p => p.Name))}."),
            _ => (null, $"'{name}' can mean {string.Join(" or ", found.Select(f => $"{f.Provider.Name}:{f.Name}"))}. Say which."),
        };
    }

    private async ValueTask<(IModel? Model, string? Problem)> OpenAsync(KnownProvider provider, string name, CancellationToken cancellationToken)
    {
        var (endpoint, problem) = provider.Resolve(options.Environment);
        if (endpoint is null)
        {
            return (null, problem);
        }

        ListedModel? listed = null;
        if (provider.Local)
        {
            (listed, problem) = await _servers.CheckAsync(provider, endpoint, name, cancellationToken);
            if (problem is not null)
            {
                return (null, problem);
            }

            name = listed?.Name ?? name;
        }

        if (name.Length == 0)
        {
            return (null, $"Name a model: {provider.Name}:NAME.");
        }

        var price = PriceTable.Find(provider.Name, name);
        var info = ModelFacts.Of(provider, name, price, listed?.ContextTokens, options.Environment);
        return (Build(info, endpoint, price), null);
    }

    private IModel Build(ModelInfo info, ProviderEndpoint endpoint, PricedModel? price)
    {
        var http = _clients.GetOrAdd(endpoint, e => ProviderHttp.Create(e, options));
        var failures = new WireFailures(endpoint, new ModelListing(endpoint, options));
        return endpoint.Provider == KnownProvider.Anthropic
            ? new AnthropicModel(info, endpoint, price, http, failures)
            : new OpenAiModel(info, endpoint, price, http, failures);
    }
}
