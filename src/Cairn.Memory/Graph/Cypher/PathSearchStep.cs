using Cairn.Memory.Graph;

namespace Cairn.Memory.Cypher;

/// <summary>
/// Follows relationships of variable number: depth first, on a stack of its own. Where the path's end is known, a
/// search backwards from there says which ways cannot arrive in time, and they are not gone.
/// </summary>
internal sealed class PathSearchStep(GraphSnapshot graph, RelationshipPattern pattern, Hop hop, IReadOnlyList<IndexLookup> targetLookups) : MatchStep
{
    /// <summary>Shorter searches are done before the search backwards would be.</summary>
    private const int WorthLookingBack = 3;

    /// <summary>More ends than this are no known end.</summary>
    private const int MostEnds = 64;

    private readonly RelationshipTest _test = new(graph, pattern);
    private readonly Adjacency _adjacency = graph.Adjacency;
    private readonly NodeTest _target = new(graph, hop.To);
    private readonly int _least = pattern.Length!.Value.Least;
    private readonly int _most = pattern.Length!.Value.Most;
    private readonly bool _isListed = pattern.Variable is { IsRead: true };
    private (int[] Ends, int[] Distances)? _known;

    public override bool Run(MatchRun run, object?[] row)
    {
        if (row[hop.From] is not GraphNode start)
        {
            return true;
        }

        var distances = Distances(run, row);
        if (distances is not null && distances[start.Id] < 0)
        {
            return true;
        }

        var goOn = _least > 0 || Emit(run, row, start.Id, []);
        var (nodes, cursors, edges) = (new int[16], new int[16], new int[16]);
        nodes[0] = start.Id;
        var depth = 0;
        while (goOn && depth >= 0)
        {
            if (depth < _most && Step(nodes[depth], ref cursors[depth]) is { } link)
            {
                run.X.Charge(1);
                if ((distances is not null && (distances[link.Other] < 0 || distances[link.Other] > _most - depth - 1))
                    || run.IsUsed(link.Edge) || !_test.Accepts(run.X, row, link))
                {
                    continue;
                }

                if (++depth == nodes.Length)
                {
                    Array.Resize(ref nodes, depth * 2);
                    Array.Resize(ref cursors, depth * 2);
                    Array.Resize(ref edges, depth * 2);
                }

                run.Use(link.Edge);
                (nodes[depth], cursors[depth], edges[depth]) = (link.Other, 0, link.Edge);
                goOn = depth < _least || Emit(run, row, link.Other, edges.AsSpan(1, depth));
            }
            else
            {
                if (depth > 0)
                {
                    run.Release(edges[depth]);
                }

                depth--;
            }
        }

        for (; depth > 0; depth--)
        {
            run.Release(edges[depth]);
        }

        return goOn;
    }

    private Link? Step(int node, ref int cursor)
    {
        var outgoing = hop.Way == Direction.Left ? [] : _adjacency.Out(node);
        var incoming = hop.Way == Direction.Right ? [] : _adjacency.In(node);
        while (cursor < outgoing.Length + incoming.Length)
        {
            var at = cursor++;
            if (at < outgoing.Length)
            {
                return outgoing[at];
            }

            var link = incoming[at - outgoing.Length];
            if (hop.Way != Direction.Both || link.Other != node)
            {
                return link;
            }
        }

        return null;
    }

    private bool Emit(MatchRun run, object?[] row, int node, ReadOnlySpan<int> edges)
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

        if (_isListed || pattern.Trace >= 0)
        {
            run.X.Charge(edges.Length >> 2);
            var trace = edges.ToArray();
            if (hop.Reversed)
            {
                Array.Reverse(trace);
            }

            if (_isListed)
            {
                row[pattern.Variable!.Slot] = trace.Select(edge => (object?)new GraphEdge(graph, edge)).ToList();
            }

            if (pattern.Trace >= 0)
            {
                row[pattern.Trace] = trace;
            }
        }

        return Next.Run(run, row);
    }

    /// <summary>How far each node is from a known end, against the way; null when no end is known or it does not pay.</summary>
    private int[]? Distances(MatchRun run, object?[] row)
    {
        if (_most < WorthLookingBack)
        {
            return null;
        }

        var ends = hop.ToIsBound ? row[hop.To.Slot] is GraphNode known ? [known.Id] : [] : IndexLookup.Best(targetLookups, run.X, row);
        if (ends is null || ends.Length > MostEnds)
        {
            return null;
        }

        if (pattern.Properties.Count == 0 && _known is { } last && last.Ends.AsSpan().SequenceEqual(ends))
        {
            return last.Distances;
        }

        var distances = new int[graph.Nodes.Count];
        Array.Fill(distances, -1);
        var queue = new Queue<int>(ends);
        foreach (var end in ends)
        {
            distances[end] = 0;
        }

        var back = hop.Way switch { Direction.Right => Direction.Left, Direction.Left => Direction.Right, _ => Direction.Both };
        while (queue.TryDequeue(out var node))
        {
            if (distances[node] < _most)
            {
                Spread(run, row, back, node, distances, queue);
            }
        }

        _known = (ends, distances);
        return distances;
    }

    private void Spread(MatchRun run, object?[] row, Direction back, int node, int[] distances, Queue<int> queue)
    {
        Reach(back == Direction.Left ? [] : _adjacency.Out(node));
        Reach(back == Direction.Right ? [] : _adjacency.In(node));

        void Reach(ReadOnlySpan<Link> links)
        {
            run.X.Charge(links.Length);
            foreach (var link in links)
            {
                if (distances[link.Other] < 0 && _test.Accepts(run.X, row, link))
                {
                    distances[link.Other] = distances[node] + 1;
                    queue.Enqueue(link.Other);
                }
            }
        }
    }
}
