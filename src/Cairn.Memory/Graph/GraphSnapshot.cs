using System.Collections.Immutable;

namespace Cairn.Memory.Graph;

/// <summary>
/// One version of a property graph: it never changes, and may be read by any number of threads. Versions share what did
/// not change, so keeping one for each layer or fork costs what differs, not what is there.
/// </summary>
public sealed class GraphSnapshot
{
    private static readonly string[] DefaultIndexed = ["key", "name", "path"];

    private Adjacency? _adjacency;

    internal GraphSnapshot(
        NameTable names, PagedArray<NodeRecord?> nodes, PagedArray<EdgeRecord> edges, int nodeCount, int edgeCount,
        ImmutableStack<int> freeNodes, ImmutableStack<int> freeEdges, ImmutableDictionary<int, PropertyIndex> indexes)
    {
        Names = names;
        Nodes = nodes;
        Edges = edges;
        NodeCount = nodeCount;
        EdgeCount = edgeCount;
        FreeNodes = freeNodes;
        FreeEdges = freeEdges;
        Indexes = indexes;
    }

    /// <summary>How many nodes there are.</summary>
    public int NodeCount { get; }

    /// <summary>How many relationships there are.</summary>
    public int EdgeCount { get; }

    internal NameTable Names { get; }

    internal PagedArray<NodeRecord?> Nodes { get; }

    internal PagedArray<EdgeRecord> Edges { get; }

    /// <summary>The form for long searches. Two threads may make it at once; then one of the two equal ones stays.</summary>
    internal Adjacency Adjacency => _adjacency ??= new(this);

    internal ImmutableStack<int> FreeNodes { get; }

    internal ImmutableStack<int> FreeEdges { get; }

    /// <summary>Where nodes with a text under an indexed property are, by the property's number.</summary>
    internal ImmutableDictionary<int, PropertyIndex> Indexes { get; }

    /// <summary>A graph without nodes, that finds nodes quickly by key, name and path.</summary>
    public static GraphSnapshot Empty() => Empty(DefaultIndexed);

    /// <summary>A graph without nodes.</summary>
    /// <param name="indexed">The properties by whose text nodes are found without looking at all.</param>
    public static GraphSnapshot Empty(IEnumerable<string> indexed)
    {
        var names = new NameTable();
        return new(
            names, PagedArray<NodeRecord?>.Empty, PagedArray<EdgeRecord>.Empty, 0, 0, [], [],
            indexed.ToImmutableDictionary(names.Intern, _ => PropertyIndex.Empty));
    }

    /// <summary>Begins the next version. This one stays as it is.</summary>
    public GraphEdit Edit() => new(this);

    /// <summary>The nodes whose indexed property is a text.</summary>
    /// <exception cref="ArgumentException">When the property is not indexed.</exception>
    public IEnumerable<GraphNode> Find(string property, string value)
    {
        if (!Indexes.TryGetValue(Names.Find(property), out var index))
        {
            throw new ArgumentException($"The property {property} is not indexed.");
        }

        foreach (var id in index.Find(value))
        {
            yield return new GraphNode(this, id);
        }
    }

    /// <summary>All nodes.</summary>
    public IEnumerable<GraphNode> AllNodes()
    {
        for (var id = 0; id < Nodes.Count; id++)
        {
            if (Nodes[id] is not null)
            {
                yield return new GraphNode(this, id);
            }
        }
    }
}
