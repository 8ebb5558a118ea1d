using Cairn.Memory.Graph;

namespace Cairn.Memory.Cypher;

/// <summary>One run of a query: what it reads, what it was given, and the work that it has done.</summary>
internal sealed class Execution(
    GraphSnapshot graph, IReadOnlyDictionary<string, object?> parameters, QueryLimits limits, GraphEdit? edit, CancellationToken cancellationToken)
{
    private const int LookUpEvery = 1 << 14;

    private readonly Stack<ulong[]> _bitmaps = new();
    private long _work;
    private long _nextLook = LookUpEvery;

    // A fixed beginning: the same query over the same version gives the same answer.
    private ulong _chance = 0x9E3779B97F4A7C15;

    public GraphSnapshot Graph => graph;

    /// <summary>Where CREATE writes; null in queries, which only read.</summary>
    public GraphEdit? Edit => edit;

    public QueryLimits Limits => limits;

    /// <summary>A node, also one that was only just created.</summary>
    public NodeRecord Record(int node) => edit?.Find(node) ?? graph.Nodes[node]!;

    public object? Parameter(string name, int offset) =>
        parameters.TryGetValue(name, out var value)
            ? value
            : throw new CypherException(CypherFault.Parameter, "MissingParameter", offset, $"the parameter ${name} was not given");

    public void Charge(long work)
    {
        _work += work;
        if (_work >= _nextLook)
        {
            _nextLook = _work + LookUpEvery;
            cancellationToken.ThrowIfCancellationRequested();
            if (_work > limits.Work)
            {
                throw new CypherException(
                    CypherFault.Limit, "WorkLimit", 0, $"the query took more than {limits.Work:N0} steps and was ended; bound its paths (*1..4), name a start, or narrow it");
            }
        }
    }

    public void CheckRows(int count)
    {
        if (count > limits.Rows)
        {
            throw new CypherException(CypherFault.Limit, "RowLimit", 0, $"the query has more than {limits.Rows:N0} rows and was ended; add a LIMIT, or narrow it");
        }
    }

    public void CheckLength(long length, int offset)
    {
        Charge(length >> 3);
        if (length > limits.Length)
        {
            throw new CypherException(CypherFault.Limit, "LengthLimit", offset, $"a list or text of more than {limits.Length:N0} elements");
        }
    }

    /// <summary>A cleared set of relationship numbers; given back by <see cref="Return"/> when it is clear again.</summary>
    public ulong[] RentEdgeSet() => _bitmaps.TryPop(out var bitmap) ? bitmap : new ulong[(graph.Edges.Count >> 6) + 1];

    public void Return(ulong[] bitmap) => _bitmaps.Push(bitmap);

    public double NextChance()
    {
        _chance ^= _chance << 13;
        _chance ^= _chance >> 7;
        _chance ^= _chance << 17;
        return (_chance >> 11) * (1.0 / (1UL << 53));
    }
}
