using Cairn.Memory.Graph;

namespace Cairn.Memory.Cypher;

/// <summary>The ends of one step along a relationship.</summary>
/// <param name="From">The slot of the node where it begins.</param>
/// <param name="To">The node where it leads.</param>
/// <param name="ToIsBound">That node is known.</param>
/// <param name="Way">Which way, seen from the beginning.</param>
/// <param name="Reversed">It goes against the text.</param>
internal sealed record Hop(int From, NodePattern To, bool ToIsBound, Direction Way, bool Reversed);

/// <summary>Follows one relationship.</summary>
internal sealed class ExpandStep(GraphSnapshot graph, RelationshipPattern pattern, Hop hop, bool relationshipIsBound) : MatchStep
{
    private readonly RelationshipTest _test = new(graph, pattern);
    private readonly NodeTest _target = new(graph, hop.To);
    private readonly bool _isNeeded = pattern.Variable is { } || pattern.Trace >= 0;

    public override bool Run(MatchRun run, object?[] row)
    {
        if (row[hop.From] is not GraphNode node || graph.Nodes[node.Id] is not { } record)
        {
            return true;
        }

        if (hop.Way != Direction.Left)
        {
            foreach (var link in record.Out)
            {
                if (!Try(run, row, link))
                {
                    return false;
                }
            }
        }

        if (hop.Way != Direction.Right)
        {
            foreach (var link in record.In)
            {
                // A relationship of a node with itself stands in both lists.
                if ((hop.Way != Direction.Both || link.Other != node.Id) && !Try(run, row, link))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private bool Try(MatchRun run, object?[] row, Link link)
    {
        run.X.Charge(1);
        if (run.IsUsed(link.Edge) || !_test.Accepts(run.X, row, link) || !IsTarget(run, row, link.Other))
        {
            return true;
        }

        if (relationshipIsBound && (row[pattern.Variable!.Slot] is not GraphEdge known || known.Id != link.Edge))
        {
            return true;
        }

        if (_isNeeded)
        {
            var edge = new GraphEdge(graph, link.Edge);
            row[pattern.Variable?.Slot ?? pattern.Trace] = edge;
            if (pattern.Trace >= 0)
            {
                row[pattern.Trace] = edge;
            }
        }

        run.Use(link.Edge);
        var goOn = Next.Run(run, row);
        run.Release(link.Edge);
        return goOn;
    }

    private bool IsTarget(MatchRun run, object?[] row, int node)
    {
        if (hop.ToIsBound)
        {
            return row[hop.To.Slot] is GraphNode known && known.Id == node && _target.Accepts(run.X, row, node);
        }

        if (!_target.Accepts(run.X, row, node))
        {
            return false;
        }

        row[hop.To.Slot] = new GraphNode(graph, node);
        return true;
    }
}
