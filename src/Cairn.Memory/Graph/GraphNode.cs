namespace Cairn.Memory.Graph;

/// <summary>A node as a query's answer shows it: of one version of a graph.</summary>
public sealed class GraphNode : IEquatable<GraphNode>
{
    internal GraphNode(GraphSnapshot graph, int id)
    {
        Graph = graph;
        Id = id;
    }

    /// <summary>Its number within the graph.</summary>
    public int Id { get; }

    /// <summary>Its labels, in the order in which they were given.</summary>
    public IReadOnlyList<string> Labels => [.. Record.Labels.Select(label => Graph.Names[label])];

    /// <summary>Its properties.</summary>
    public IReadOnlyDictionary<string, object?> Properties => GraphEdge.ToDictionary(Graph.Names, Record.Properties);

    internal GraphSnapshot Graph { get; }

    private NodeRecord Record => Graph.Nodes[Id] ?? throw new InvalidOperationException($"There is no node {Id}.");

    /// <summary>A property; null when there is none of that name.</summary>
    public object? this[string property] => Record.Properties[Graph.Names.Find(property)];

    /// <inheritdoc/>
    public bool Equals(GraphNode? other) => other is not null && Id == other.Id;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GraphNode);

    /// <inheritdoc/>
    public override int GetHashCode() => Id;
}
