using System.Collections.Concurrent;
using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Models;

namespace Cairn.Host;

/// <summary>Opens <c>route:POLICY</c> as a model that chooses among others; every other id is left to the catalog below.</summary>
/// <param name="inner">Opens the models themselves.</param>
/// <param name="registry">Reads the registry file; asked again for each call, so that an edit counts at once.</param>
/// <param name="policies">The policies by name: those that Cairn ships, and the host's own.</param>
/// <param name="learned">What was learned of the models.</param>
/// <param name="time">The clock.</param>
internal sealed class RoutingCatalog(
    IModelCatalog inner, Func<ModelRegistry> registry, IReadOnlyList<RoutePolicy> policies, RouteStatistics learned, TimeProvider time) : IModelCatalog, IDisposable
{
    private readonly ConcurrentDictionary<RegisteredLine, Lazy<ModelLine>> _lines = new();

    public async ValueTask<(IModel? Model, string? Problem)> OpenAsync(string id, CancellationToken cancellationToken)
    {
        if (RouteName.Parse((id ?? "").Trim()) is not { } route)
        {
            return await inner.OpenAsync(id ?? "", cancellationToken);
        }

        if (policies.LastOrDefault(p => p.Name == route.Policy) is not { } policy)
        {
            return (null, $"There is no route '{route.Policy}': there are {RouteName.Known(policies)}.");
        }

        ModelRegistry known;
        try
        {
            known = registry();
        }
        catch (FormatException e)
        {
            return (null, $"The registry of models cannot be read: {e.Message}.");
        }

        var models = route.Models.IsEmpty ? known.Models : [.. route.Models.Select(m => known.Models.FirstOrDefault(k => k.Model == m) ?? new(m))];
        return models.IsEmpty
            ? (null, $"A route needs models to choose from: name them ({RouteName.Prefix}{policy.Name}=PROVIDER:NAME,PROVIDER:NAME), or list them in the file that ${ModelRegistry.FileVariable} names (by default ~/.config/cairn/models.yaml).")
            : await OpenAsync(policy, id!.Trim(), models, known.Limits.GetValueOrDefault(policy.Name), cancellationToken);
    }

    public ValueTask<IReadOnlyList<ModelAvailability>> FindAsync(CancellationToken cancellationToken) => inner.FindAsync(cancellationToken);

    public void Dispose()
    {
        foreach (var line in _lines.Values.Where(l => l.IsValueCreated))
        {
            line.Value.Dispose();
        }
    }

    private async Task<(IModel? Model, string? Problem)> OpenAsync(
        RoutePolicy policy, string id, ImmutableArray<RegisteredModel> models, RouteLimits? limits, CancellationToken cancellationToken)
    {
        var candidates = ImmutableArray.CreateBuilder<RoutedCandidate>();
        foreach (var registered in models)
        {
            var (model, problem) = registered.Model.StartsWith(RouteName.Prefix, StringComparison.Ordinal)
                ? (null, "a route cannot choose a route")
                : await inner.OpenAsync(registered.Model, cancellationToken);
            var line = _lines.GetOrAdd(new(registered.Model, registered.Concurrency, registered.TokensPerMinute), _ => new(() => new ModelLine(registered, time)));
            candidates.Add(new(registered.Model, registered, model, model is null ? problem ?? "it cannot be opened" : null, line.Value));
        }

        var usable = candidates.Count(c => c.Model is not null);
        return usable < policy.Quorum
            ? (null, $"{RouteName.Prefix}{policy.Name} needs {policy.Quorum} of its models, and {usable} can be used: {string.Join("; ", candidates.Where(c => c.Problem is not null).Select(c => $"{c.Id}: {c.Problem}"))}")
            : (new RoutedModel(policy, id, candidates.ToImmutable(), limits, learned, time), null);
    }

    /// <summary>Models whose limits were edited get a new line.</summary>
    private readonly record struct RegisteredLine(string Model, int Concurrency, int? TokensPerMinute);
}
