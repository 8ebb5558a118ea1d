using Cairn.Memory.Graph;

namespace Cairn.Memory.Cypher;

/// <summary>One step of finding a pattern: it fills or checks places of the row and hands each match on. False ends the search.</summary>
internal abstract class MatchStep
{
    public MatchStep Next { get; set; } = null!;

    public abstract bool Run(MatchRun run, object?[] row);
}

/// <summary>One search: the relationships that the present match uses, since a match uses each at most once.</summary>
internal sealed class MatchRun(Execution x, ulong[] used, Func<object?[], bool> sink)
{
    public Execution X => x;

    public Func<object?[], bool> Sink => sink;

    public bool IsUsed(int edge) => (used[edge >> 6] & (1UL << edge)) != 0;

    public void Use(int edge) => used[edge >> 6] |= 1UL << edge;

    public void Release(int edge) => used[edge >> 6] &= ~(1UL << edge);
}

/// <summary>What a node must be: labels and properties, with their numbers in the graph.</summary>
internal sealed class NodeTest(GraphSnapshot graph, NodePattern pattern)
{
    private readonly int[] _labels = [.. pattern.Labels.Select(graph.Names.Find)];
    private readonly (int Key, Expr Value)[] _properties = [.. pattern.Properties.Select(each => (graph.Names.Find(each.Key), each.Value))];

    /// <summary>Any node is one.</summary>
    public bool IsAny => _labels.Length == 0 && _properties.Length == 0;

    public bool Accepts(Execution x, object?[] row, int node)
    {
        var record = graph.Nodes[node];
        if (record is null)
        {
            return false;
        }

        foreach (var label in _labels)
        {
            if (!record.Has(label))
            {
                return false;
            }
        }

        foreach (var (key, value) in _properties)
        {
            if (CypherValues.AreEqual(record.Properties[key], value.Evaluate(x, row)) is not true)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>What a relationship must be.</summary>
internal sealed class RelationshipTest(GraphSnapshot graph, RelationshipPattern pattern)
{
    private readonly int[] _types = [.. pattern.Types.Select(graph.Names.Find)];
    private readonly (int Key, Expr Value)[] _properties = [.. pattern.Properties.Select(each => (graph.Names.Find(each.Key), each.Value))];

    public bool Accepts(Execution x, object?[] row, Link link)
    {
        if (_types.Length > 0 && Array.IndexOf(_types, link.Type) < 0)
        {
            return false;
        }

        foreach (var (key, value) in _properties)
        {
            if (CypherValues.AreEqual(graph.Edges[link.Edge].Properties[key], value.Evaluate(x, row)) is not true)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>The end: a match is complete.</summary>
internal sealed class SinkStep : MatchStep
{
    public override bool Run(MatchRun run, object?[] row)
    {
        run.X.Charge(1);
        return run.Sink(row);
    }
}

/// <summary>A condition, as soon as all that it needs is there.</summary>
internal sealed class FilterStep(Expr condition) : MatchStep
{
    public override bool Run(MatchRun run, object?[] row) => condition.Test(run.X, row) is not true || Next.Run(run, row);
}

/// <summary>A node that the row holds already.</summary>
internal sealed class BoundStep(NodeTest test, int slot) : MatchStep
{
    public override bool Run(MatchRun run, object?[] row) => row[slot] is not GraphNode node || !test.Accepts(run.X, row, node.Id) || Next.Run(run, row);
}

/// <summary>Nodes to begin with: those that an index names, or all.</summary>
internal sealed class ScanStep(NodeTest test, int slot, IReadOnlyList<IndexLookup> lookups) : MatchStep
{
    public override bool Run(MatchRun run, object?[] row)
    {
        var x = run.X;
        if (IndexLookup.Best(lookups, x, row) is { } ids)
        {
            foreach (var id in ids)
            {
                if (!Try(run, row, id))
                {
                    return false;
                }
            }

            return true;
        }

        for (var id = 0; id < x.Graph.Nodes.Count; id++)
        {
            if (!Try(run, row, id))
            {
                return false;
            }
        }

        return true;
    }

    private bool Try(MatchRun run, object?[] row, int id)
    {
        run.X.Charge(1);
        if (!test.Accepts(run.X, row, id))
        {
            return true;
        }

        row[slot] = new GraphNode(run.X.Graph, id);
        return Next.Run(run, row);
    }
}

/// <summary>An indexed property that must have a value.</summary>
internal sealed record IndexLookup(PropertyIndex Index, Expr Value)
{
    /// <summary>The shortest list of nodes that an index gives; null when none gives any.</summary>
    public static int[]? Best(IReadOnlyList<IndexLookup> lookups, Execution x, object?[] row)
    {
        (PropertyIndex Index, string Value, int Count)? best = null;
        foreach (var lookup in lookups)
        {
            // Only texts are indexed; a number may well be some node's, whom the scan finds.
            if (lookup.Value.Evaluate(x, row) is string value && lookup.Index.CountOf(value) is var count && (best is null || count < best.Value.Count))
            {
                best = (lookup.Index, value, count);
            }
        }

        return best is { } found ? found.Index.Find(found.Value) : null;
    }
}

/// <summary>Puts a path together from what its parts left in the row.</summary>
internal sealed class PathStep(PatternPart part) : MatchStep
{
    public override bool Run(MatchRun run, object?[] row)
    {
        if (row[part.Nodes[0].Slot] is not GraphNode start)
        {
            return true;
        }

        if (part.Relationships.Count == 1 && row[part.Relationships[0].Trace] is int[] whole)
        {
            row[part.Path!.Slot] = new GraphPath(run.X.Graph, start.Id, whole);
            return Next.Run(run, row);
        }

        var edges = new List<int>();
        foreach (var relationship in part.Relationships)
        {
            switch (row[relationship.Trace])
            {
                case int[] several:
                    edges.AddRange(several);
                    break;
                case GraphEdge one:
                    edges.Add(one.Id);
                    break;
            }
        }

        row[part.Path!.Slot] = new GraphPath(run.X.Graph, start.Id, [.. edges]);
        return Next.Run(run, row);
    }
}
