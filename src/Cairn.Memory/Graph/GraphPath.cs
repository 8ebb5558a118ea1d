namespace Cairn.Memory.Graph;

/// <summary>A path: nodes with a relationship between each two that follow each other, in either direction.</summary>
public sealed class GraphPath : IEquatable<GraphPath>
{
    private readonly GraphSnapshot _graph;
    private readonly int _start;
    private readonly int[] _edges;

    internal GraphPath(GraphSnapshot graph, int start, int[] edges)
    {
        _graph = graph;
        _start = start;
        _edges = edges;
    }

    /// <summary>How many relationships it has.</summary>
    public int Length => _edges.Length;

    /// <summary>Its nodes, from its beginning on: one more than relationships.</summary>
    public IReadOnlyList<GraphNode> Nodes
    {
        get
        {
            var nodes = new GraphNode[_edges.Length + 1];
            var at = _start;
            nodes[0] = new(_graph, at);
            for (var i = 0; i < _edges.Length; i++)
            {
                var edge = _graph.Edges[_edges[i]];
                at = edge.From == at ? edge.To : edge.From;
                nodes[i + 1] = new(_graph, at);
            }

            return nodes;
        }
    }

    /// <summary>Its relationships, from its beginning on.</summary>
    public IReadOnlyList<GraphEdge> Edges => [.. _edges.Select(edge => new GraphEdge(_graph, edge))];

    /// <inheritdoc/>
    public bool Equals(GraphPath? other) => other is not null && _start == other._start && _edges.AsSpan().SequenceEqual(other._edges);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GraphPath);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(_start);
        foreach (var edge in _edges)
        {
            hash.Add(edge);
        }

        return hash.ToHashCode();
    }
}
