namespace Cairn.Memory.Graph;

/// <summary>
/// The relationships of one version in two arrays, those of a node side by side: what long searches read, since a node is
/// then one look into memory instead of several. It is made when the first such search asks for it.
/// </summary>
internal sealed class Adjacency
{
    private readonly int[] _outStarts;
    private readonly int[] _inStarts;
    private readonly Link[] _out;
    private readonly Link[] _in;

    public Adjacency(GraphSnapshot graph)
    {
        _outStarts = new int[graph.Nodes.Count + 1];
        _inStarts = new int[graph.Nodes.Count + 1];
        _out = new Link[graph.EdgeCount];
        _in = new Link[graph.EdgeCount];
        var (outgoing, incoming) = (0, 0);
        for (var node = 0; node < graph.Nodes.Count; node++)
        {
            if (graph.Nodes[node] is { } record)
            {
                record.Out.CopyTo(_out.AsSpan(outgoing));
                record.In.CopyTo(_in.AsSpan(incoming));
                outgoing += record.Out.Length;
                incoming += record.In.Length;
            }

            _outStarts[node + 1] = outgoing;
            _inStarts[node + 1] = incoming;
        }
    }

    public ReadOnlySpan<Link> Out(int node) => _out.AsSpan(_outStarts[node], _outStarts[node + 1] - _outStarts[node]);

    public ReadOnlySpan<Link> In(int node) => _in.AsSpan(_inStarts[node], _inStarts[node + 1] - _inStarts[node]);
}
