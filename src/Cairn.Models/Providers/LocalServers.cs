using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>Looks for servers. Only this machine is asked unless an address is set and a model there is opened.</summary>
internal sealed class LocalServers(ModelCatalogOptions options)
{
    private const int MostNames = 8;

    /// <summary>A provider as `cairn doctor` shows it.</summary>
    public async Task<ModelAvailability> LookAsync(KnownProvider provider, CancellationToken cancellationToken)
    {
        var (endpoint, problem) = provider.Resolve(options.Environment);
        if (endpoint is null)
        {
            return new(provider.Name, false, problem!, []);
        }

        if (!endpoint.Address.IsLoopback)
        {
            var key = endpoint.Key is null ? "no key" : $"key from {provider.KeyVariable}";
            return new(provider.Name, true, $"{endpoint.Shown} ({key}; not asked)", []);
        }

        var (found, models) = await AskAsync(endpoint, cancellationToken);
        return found || provider.NeedsKey
            ? new(provider.Name, found, $"{endpoint.Shown}{(models.Count == 0 ? ", which lists no models" : "")}", [.. models.Select(m => $"{provider.Name}:{m.Name}")])
            : new(provider.Name, false, $"nothing answers at {endpoint.Shown} ({provider.Start}, or set {provider.AddressVariable})", []);
    }

    /// <summary>The models of a server on this machine; empty when there is none.</summary>
    public async Task<IReadOnlyList<ListedModel>> ListAsync(KnownProvider provider, CancellationToken cancellationToken) =>
        provider.Resolve(options.Environment).Endpoint is { Address.IsLoopback: true } endpoint
            ? (await AskAsync(endpoint, cancellationToken)).Models
            : [];

    /// <summary>Makes sure that a server is there and has the model, before a run starts on it.</summary>
    public async Task<(ListedModel? Model, string? Problem)> CheckAsync(
        KnownProvider provider, ProviderEndpoint endpoint, string name, CancellationToken cancellationToken)
    {
        var (found, models) = await AskAsync(endpoint, cancellationToken);
        if (!found)
        {
            return (null, $"{provider.Name} does not answer at {endpoint.Shown}: {provider.Start}, or set {provider.AddressVariable}.");
        }

        var index = models.ToList().FindIndex(m => BareNames.Same(m.Name, name));
        if (index >= 0)
        {
            return (models[index], null);
        }

        // llama.cpp serves its one model under any name.
        if (models.Count == 0 || provider.Name == "llamacpp" || (name.Length == 0 && models.Count == 1))
        {
            return (models.Count == 0 ? null : models[0] with { Name = name.Length == 0 ? models[0].Name : name }, null);
        }

        var pull = provider.Name == "ollama" && name.Length > 0 ? $" Get it with: ollama pull {endpoint.Quote(name)}." : "";
        return (null, $"{provider.Name} at {endpoint.Shown} has no model '{endpoint.Quote(name)}'. It has: {endpoint.Quote(string.Join(", ", models.Take(MostNames).Select(m => m.Name)))}.{pull}");
    }

    private Task<(bool Found, IReadOnlyList<ListedModel> Models)> AskAsync(ProviderEndpoint endpoint, CancellationToken cancellationToken) =>
        new ModelListing(endpoint, options).AskAsync(endpoint.Address.IsLoopback ? options.Limits.Probe : options.Limits.Listing, cancellationToken);
}
