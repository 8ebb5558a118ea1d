using Cairn.Memory.Graph;

namespace Cairn.Memory.Cypher;

/// <summary>The answer to a query.</summary>
/// <param name="Columns">The names of the columns.</param>
/// <param name="Rows">
/// A value for each column: null, bool, long, double, string, a list (List&lt;object?&gt;), a map
/// (Dictionary&lt;string, object?&gt;), a <see cref="GraphNode"/>, a <see cref="GraphEdge"/> or a <see cref="GraphPath"/>.
/// </param>
public sealed record CypherResult(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<object?>> Rows);

/// <summary>
/// A query in a part of openCypher that reads: MATCH and OPTIONAL MATCH with paths of variable length, WHERE, WITH, UNWIND,
/// RETURN, DISTINCT, ORDER BY, SKIP, LIMIT, UNION, aggregations, parameters. It is parsed once and run any number of times,
/// by one thread at a time.
/// </summary>
public sealed class CypherQuery
{
    /// <summary>The most characters of a query.</summary>
    public const int MaxLength = 64 * 1024;

    private readonly string _text;
    private readonly IReadOnlyList<(IReadOnlyList<Clause> Clauses, RowShape Shape)> _parts;
    private readonly bool _isUnion;
    private readonly IReadOnlyList<string> _columns;

    private CypherQuery(string text, CypherParser.Parsed parsed)
    {
        _text = text;
        _parts = parsed.Parts;
        _isUnion = parsed.IsDistinctUnion;
        _columns = parsed.Columns;
    }

    /// <summary>Reads a query's text.</summary>
    /// <exception cref="CypherException">When it cannot be understood; the text names line and column.</exception>
    public static CypherQuery Parse(string text) => Parse(text, writes: false);

    internal static CypherQuery Parse(string text, bool writes)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            return text.Length <= MaxLength
                ? new(text, new CypherParser(text, writes).ParseQuery())
                : throw new CypherException(CypherFault.Limit, "LengthLimit", 0, $"a query has at most {MaxLength:N0} characters");
        }
        catch (CypherException e)
        {
            throw e.In(text);
        }
    }

    /// <summary>Answers the query.</summary>
    /// <param name="graph">The version of the graph that is asked.</param>
    /// <param name="parameters">Values for $names.</param>
    /// <param name="limits">What it may take.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CypherException">When it cannot be answered; the text names line and column.</exception>
    public CypherResult Run(
        GraphSnapshot graph, IReadOnlyDictionary<string, object?> parameters, QueryLimits limits, CancellationToken cancellationToken) =>
        Run(graph, parameters, limits, null, cancellationToken);

    internal CypherResult Run(
        GraphSnapshot graph, IReadOnlyDictionary<string, object?> parameters, QueryLimits limits, GraphEdit? edit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var values = parameters.ToDictionary(pair => pair.Key, pair => CypherValues.From(pair.Value), StringComparer.Ordinal);
        var x = new Execution(graph, values, limits, edit, cancellationToken);
        var rows = new Collecting(x, _columns.Count, _isUnion);
        try
        {
            foreach (var (clauses, shape) in _parts)
            {
                Operator next = rows;
                foreach (var clause in clauses.Reverse())
                {
                    next = clause.Build(x, next);
                }

                next.Push(new object?[shape.Slots]);
                next.End();
            }
        }
        catch (CypherException e)
        {
            throw e.In(_text);
        }

        return new(_columns, rows.Rows);
    }

    private sealed class Collecting(Execution x, int columns, bool distinct) : Operator
    {
        private readonly HashSet<object?[]>? _seen = distinct ? new(RowKey.Instance) : null;

        public List<object?[]> Rows { get; } = [];

        public override bool Push(object?[] row)
        {
            var made = row.AsSpan(0, columns).ToArray();
            if (_seen?.Add(made) != false)
            {
                Rows.Add(made);
                x.CheckRows(Rows.Count);
            }

            return true;
        }

        public override void End()
        {
        }
    }
}
