using Cairn.Abstractions;
using Cairn.Models;

namespace Cairn.Host;

/// <summary>What is known of a request when a model is chosen for it.</summary>
/// <param name="Asked">The model that the client names; "" for none.</param>
/// <param name="Format">The client's format.</param>
/// <param name="Bytes">The size of its body.</param>
/// <param name="Key">Whose request it is.</param>
internal sealed record ModelQuestion(string Asked, WireFormat Format, int Bytes, string Key);

/// <summary>The one place where a gateway decides which model answers a request.</summary>
internal interface IModelChoice
{
    /// <summary>The model, or why there is none.</summary>
    ValueTask<(WireBackend? Backend, string? Problem)> ChooseAsync(ModelQuestion question, CancellationToken cancellationToken);

    /// <summary>The ids that clients may name.</summary>
    ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken);
}

/// <summary>The model that the client names, as the catalog knows it.</summary>
internal sealed class NamedModel(IModelCatalog catalog) : IModelChoice
{
    /// <summary>The most models that are kept open.</summary>
    private const int MaxOpen = 1_000;

    // A model that is opened again would not know any more which parameters its provider rejects.
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, WireBackend> _open = new();

    public async ValueTask<(WireBackend? Backend, string? Problem)> ChooseAsync(ModelQuestion question, CancellationToken cancellationToken)
    {
        if (_open.TryGetValue(question.Asked, out var known))
        {
            return (known, null);
        }

        var (model, problem) = await catalog.OpenAsync(question.Asked, cancellationToken);
        if (model is null)
        {
            return (null, problem ?? $"There is no model {question.Asked}.");
        }

        if (question.Asked.StartsWith(RouteName.Prefix, StringComparison.Ordinal))
        {
            // What a route may choose from can change with each call; the models behind it are kept open elsewhere.
            return (WireBackend.Of(model), null);
        }

        if (_open.Count >= MaxOpen)
        {
            _open.Clear();
        }

        return (_open.GetOrAdd(question.Asked, WireBackend.Of(model)), null);
    }

    public async ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await catalog.FindAsync(cancellationToken)).Where(m => m.Available).SelectMany(m => m.Models).Distinct()];
}
