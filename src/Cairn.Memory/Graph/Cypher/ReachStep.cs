using Cairn.Memory.Graph;

namespace Cairn.Memory.Cypher;

/// <summary>
/// Which nodes a path of variable length leads to, each once: breadth first, where only the path's two ends are asked for
/// and the answer is without repetitions. The shortest way to a node uses no relationship twice, so it finds those nodes,
/// and only those, that the search of all paths would.
/// </summary>
internal sealed class ReachStep(GraphSnapshot graph, RelationshipPattern pattern, Hop hop) : MatchStep
{
    private readonly RelationshipTest _test = new(graph, pattern);
    private readonly Adjacency _adjacency = graph.Adjacency;
    private readonly NodeTest _target = new(graph, hop.To);
    private readonly (int Least, int Most) _length = pattern.Length!.Value;

    public override bool Run(MatchRun run, object?[] row)
    {
        if (row[hop.From] is not GraphNode start)
        {
            return true;
        }

        if (_length.Least == 0 && !Emit(run, row, start.Id))
        {
            return false;
        }

        var seen = new ulong[(graph.Nodes.Count >> 6) + 1];
        var cameBack = _length.Least == 0;
        seen[start.Id >> 6] |= 1UL << start.Id;
        List<int> level = [start.Id];
        for (var depth = 0; depth < _length.Most && level.Count > 0; depth++)
        {
            var next = new List<int>();
            foreach (var node in level)
            {
                var links = hop.Way == Direction.Right ? _adjacency.Out(node) : _adjacency.In(node);
                run.X.Charge(links.Length);
                foreach (var link in links)
                {
                    var isSeen = (seen[link.Other >> 6] & (1UL << link.Other)) != 0;
                    if ((isSeen && (cameBack || link.Other != start.Id)) || !_test.Accepts(run.X, row, link))
                    {
                        continue;
                    }

                    if (isSeen)
                    {
                        cameBack = true;
                    }
                    else
                    {
                        seen[link.Other >> 6] |= 1UL << link.Other;
                        next.Add(link.Other);
                    }

                    if (!Emit(run, row, link.Other))
                    {
                        return false;
                    }
                }
            }

            level = next;
        }

        return true;
    }

    private bool Emit(MatchRun run, object?[] row, int node)
    {
        if (hop.ToIsBound && (row[hop.To.Slot] is not GraphNode known || known.Id != node))
        {
            return true;
        }

        if (!_target.IsAny && !_target.Accepts(run.X, row, node))
        {
            return true;
        }

        if (!hop.ToIsBound)
        {
            row[hop.To.Slot] = new GraphNode(graph, node);
        }

        return Next.Run(run, row);
    }
}
