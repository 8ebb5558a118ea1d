using Cairn.Memory.Cypher;
using Cairn.Memory.Graph;

namespace Cairn.Memory.Fusion;

/// <summary>What a query finds, as a store among others: the nodes of its answer, those of its first rows first.</summary>
public static class PatternHits
{
    private const string Before = "MATCH pattern = ";
    private const int MostRows = 200;

    /// <summary>Reads a query, or a pattern alone: what stands in parentheses.</summary>
    /// <exception cref="CypherException">When it cannot be understood; the text names line and column, within the pattern's own text.</exception>
    public static CypherQuery Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.TrimStart().StartsWith('('))
        {
            return CypherQuery.Parse(text);
        }

        try
        {
            return CypherQuery.Parse($"{Before}{text}\nRETURN pattern LIMIT {MostRows}");
        }
        catch (CypherException e)
        {
            throw e.Within(text, Before.Length);
        }
    }

    /// <summary>The nodes of an answer.</summary>
    internal static IReadOnlyList<StoreHit> Of(CypherQuery query, GraphSnapshot graph, int most, CancellationToken cancellationToken)
    {
        var rows = query.Run(graph, new Dictionary<string, object?>(), new QueryLimits(), cancellationToken).Rows;
        return [.. rows.SelectMany(row => row.SelectMany(Nodes)).DistinctBy(node => node.Id).Take(most).Select(node => new StoreHit((string)node["key"]!, "matches the pattern"))];
    }

    private static IEnumerable<GraphNode> Nodes(object? value) => value switch
    {
        GraphNode node => [node],
        GraphPath path => path.Nodes,
        GraphEdge edge => [edge.From, edge.To],
        List<object?> list => list.SelectMany(Nodes),
        Dictionary<string, object?> map => map.Values.SelectMany(Nodes),
        _ => [],
    };
}
