namespace Cairn.Memory.Graph;

/// <summary>A relationship as a query's answer shows it: of one version of a graph.</summary>
public sealed class GraphEdge : IEquatable<GraphEdge>
{
    internal GraphEdge(GraphSnapshot graph, int id)
    {
        Graph = graph;
        Id = id;
    }

    /// <summary>Its number within the graph.</summary>
    public int Id { get; }

    /// <summary>Its type.</summary>
    public string Type => Graph.Names[Record.Type];

    /// <summary>Where it begins.</summary>
    public GraphNode From => new(Graph, Record.From);

    /// <summary>Where it leads.</summary>
    public GraphNode To => new(Graph, Record.To);

    /// <summary>Its properties.</summary>
    public IReadOnlyDictionary<string, object?> Properties => ToDictionary(Graph.Names, Record.Properties);

    internal GraphSnapshot Graph { get; }

    internal EdgeRecord Record => Graph.Edges[Id];

    /// <summary>A property; null when there is none of that name.</summary>
    public object? this[string property] => Record.Properties[Graph.Names.Find(property)];

    /// <inheritdoc/>
    public bool Equals(GraphEdge? other) => other is not null && Id == other.Id;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GraphEdge);

    /// <inheritdoc/>
    public override int GetHashCode() => ~Id;

    internal static Dictionary<string, object?> ToDictionary(NameTable names, PropertyBag bag)
    {
        var properties = new Dictionary<string, object?>(bag.Count, StringComparer.Ordinal);
        for (var i = 0; i < bag.Count; i++)
        {
            properties[names[bag.Key(i)]] = bag.Value(i);
        }

        return properties;
    }
}
