using System.Collections.Immutable;

namespace Cairn.Memory.Graph;

/// <summary>
/// The making of a graph's next version. It is used by one thread, and is at its end with <see cref="Commit"/>; whoever
/// drops it has changed nothing.
/// </summary>
public sealed class GraphEdit
{
    private readonly object _owner = new();
    private readonly GraphSnapshot _from;
    private readonly PagedArray<NodeRecord?>.Builder _nodes;
    private readonly PagedArray<EdgeRecord>.Builder _edges;
    private readonly Dictionary<int, PropertyIndex.Builder> _indexes;
    private ImmutableStack<int> _freeNodes;
    private ImmutableStack<int> _freeEdges;
    private bool _committed;

    internal GraphEdit(GraphSnapshot from)
    {
        _from = from;
        _nodes = from.Nodes.Edit(_owner);
        _edges = from.Edges.Edit(_owner);
        _indexes = from.Indexes.ToDictionary(pair => pair.Key, pair => pair.Value.Edit(_owner));
        _freeNodes = from.FreeNodes;
        _freeEdges = from.FreeEdges;
        NodeCount = from.NodeCount;
        EdgeCount = from.EdgeCount;
    }

    /// <summary>How many nodes there are by now.</summary>
    public int NodeCount { get; private set; }

    /// <summary>How many relationships there are by now.</summary>
    public int EdgeCount { get; private set; }

    /// <summary>Adds a node.</summary>
    /// <returns>Its number, which is its own until it is removed.</returns>
    /// <exception cref="ArgumentException">When a property has a value that a graph cannot hold.</exception>
    public int AddNode(IEnumerable<string> labels, IEnumerable<KeyValuePair<string, object?>> properties)
    {
        Check();
        var record = new NodeRecord(_owner, [.. labels.Select(_from.Names.Intern).Distinct()], PropertyBag.Of(_from.Names, properties));
        int id;
        if (_freeNodes.IsEmpty)
        {
            id = _nodes.Add(record);
        }
        else
        {
            _freeNodes = _freeNodes.Pop(out id);
            _nodes.Own(id) = record;
        }

        NodeCount++;
        Index(id, record.Properties, add: true);
        return id;
    }

    /// <summary>Adds a relationship.</summary>
    /// <exception cref="ArgumentException">When an end does not exist.</exception>
    public int AddEdge(int from, int to, string type, IEnumerable<KeyValuePair<string, object?>> properties)
    {
        Check();
        var (source, target) = (Own(from), Own(to));
        var number = _from.Names.Intern(type);
        var record = new EdgeRecord(from, to, number, PropertyBag.Of(_from.Names, properties));
        int id;
        if (_freeEdges.IsEmpty)
        {
            id = _edges.Add(record);
        }
        else
        {
            _freeEdges = _freeEdges.Pop(out id);
            _edges.Own(id) = record;
        }

        source.AddOut(new Link(number, to, id));
        target.AddIn(new Link(number, from, id));
        EdgeCount++;
        return id;
    }

    /// <summary>Removes a relationship.</summary>
    public void RemoveEdge(int edge)
    {
        Check();
        var record = edge >= 0 && edge < _edges.Count ? _edges[edge] : EdgeRecord.None;
        if (record.Type < 0)
        {
            throw new ArgumentException($"There is no relationship {edge}.");
        }

        Own(record.From).RemoveOut(edge);
        Own(record.To).RemoveIn(edge);
        _edges.Own(edge) = EdgeRecord.None;
        _freeEdges = _freeEdges.Push(edge);
        EdgeCount--;
    }

    /// <summary>Removes a node with all its relationships.</summary>
    public void RemoveNode(int node)
    {
        Check();
        foreach (var link in Find(node).Out.ToArray())
        {
            RemoveEdge(link.Edge);
        }

        foreach (var link in Find(node).In.ToArray())
        {
            RemoveEdge(link.Edge);
        }

        Index(node, Find(node).Properties, add: false);
        _nodes.Own(node) = null;
        _freeNodes = _freeNodes.Push(node);
        NodeCount--;
    }

    /// <summary>Gives a node other properties in place of those that it has; its relationships stay.</summary>
    public void SetProperties(int node, IEnumerable<KeyValuePair<string, object?>> properties)
    {
        Check();
        var before = Find(node);
        var after = before.CopyFor(_owner, PropertyBag.Of(_from.Names, properties));
        Index(node, before.Properties, add: false);
        _nodes.Own(node) = after;
        Index(node, after.Properties, add: true);
    }

    /// <summary>Numbers of the nodes whose indexed property is a text, as of now.</summary>
    public IReadOnlyList<int> Find(string property, string value) =>
        _indexes.TryGetValue(_from.Names.Find(property), out var index)
            ? index.Find(value)
            : throw new ArgumentException($"The property {property} is not indexed.");

    /// <summary>Ends the edit.</summary>
    public GraphSnapshot Commit()
    {
        Check();
        _committed = true;
        return new(
            _from.Names, _nodes.ToArray(), _edges.ToArray(), NodeCount, EdgeCount, _freeNodes, _freeEdges,
            _indexes.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.ToIndex()));
    }

    internal bool HasIncoming(int node, params ReadOnlySpan<string> types)
    {
        foreach (var link in Find(node).In)
        {
            if (types.Contains(_from.Names[link.Type]))
            {
                return true;
            }
        }

        return false;
    }

    internal string Text(int node, string property) => Find(node).Properties[_from.Names.Find(property)] as string ?? "";

    internal bool Has(int node, string label) => Find(node).Has(_from.Names.Find(label));

    private void Check() => ObjectDisposedException.ThrowIf(_committed, this);

    internal NodeRecord Find(int node) =>
        (node >= 0 && node < _nodes.Count ? _nodes[node] : null) ?? throw new ArgumentException($"There is no node {node}.");

    private NodeRecord Own(int node)
    {
        var record = Find(node);
        if (!ReferenceEquals(record.Owner, _owner))
        {
            _nodes.Own(node) = record = record.CopyFor(_owner, null);
        }

        return record;
    }

    private void Index(int node, PropertyBag properties, bool add)
    {
        foreach (var (key, index) in _indexes)
        {
            if (properties[key] is not string text)
            {
                continue;
            }

            if (add)
            {
                index.Add(text, node);
            }
            else
            {
                index.Remove(text, node);
            }
        }
    }
}
