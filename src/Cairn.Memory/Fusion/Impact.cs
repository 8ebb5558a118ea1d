using Cairn.Memory.Graph;
using Cairn.Memory.Indexing;

namespace Cairn.Memory.Fusion;

/// <summary>Something that a change of a symbol may touch.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Path">The file.</param>
/// <param name="Line">The line.</param>
/// <param name="Distance">How many relationships away it is.</param>
/// <param name="Through">The relationship by which it depends, and on what.</param>
public sealed record ImpactHit(string Key, string Kind, string Path, int Line, int Distance, string Through);

/// <summary>What a change of a symbol may touch.</summary>
/// <param name="Symbols">The things that have that name.</param>
/// <param name="Hits">What depends on them, nearest first.</param>
/// <param name="Files">The files that these are in.</param>
public sealed record ImpactAnswer(IReadOnlyList<string> Symbols, IReadOnlyList<ImpactHit> Hits, IReadOnlyList<string> Files);

/// <summary>Follows dependencies backwards: who calls, uses, reads, writes, imports or inherits.</summary>
public static class Impact
{
    private const int MostDepth = 4;
    private const int MostHits = 500;

    private static readonly HashSet<string> Dependencies = ["CALLS", "USES", "READS", "WRITES", "IMPORTS", "INHERITS", "DEPENDS_ON", "REFERENCES", "INDEXES", "ALTERS", "MENTIONS"];

    /// <summary>What depends on a symbol.</summary>
    /// <param name="model">The model.</param>
    /// <param name="symbol">A name, a dotted name (users.email), a path, or path#name.</param>
    public static ImpactAnswer Of(CodeModel model, string symbol)
    {
        ArgumentNullException.ThrowIfNull(model);
        var graph = model.Graph;
        var starts = Find(model, symbol);
        var seen = starts.Select(node => node.Id).ToHashSet();
        var hits = new List<ImpactHit>();
        var level = starts.Select(node => node.Id).ToList();
        for (var depth = 1; depth <= MostDepth && level.Count > 0 && hits.Count < MostHits; depth++)
        {
            var next = new List<int>();
            foreach (var node in level)
            {
                foreach (var link in graph.Nodes[node]!.In)
                {
                    var type = graph.Names[link.Type];
                    if (Dependencies.Contains(type) && seen.Add(link.Other) && hits.Count < MostHits)
                    {
                        next.Add(link.Other);
                        hits.Add(Hit(graph, link, node, type, depth));
                    }
                }
            }

            level = next;
        }

        return new([.. starts.Select(node => (string)node["key"]!)], hits, [.. hits.Select(hit => hit.Path).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
    }

    /// <summary>The things that a name can mean.</summary>
    public static IReadOnlyList<GraphNode> Find(CodeModel model, string symbol)
    {
        ArgumentNullException.ThrowIfNull(symbol);
        var exact = model.Graph.Find("key", symbol).ToList();
        if (exact.Count > 0)
        {
            return exact;
        }

        var dot = symbol.LastIndexOf('.');
        var container = dot > 0 ? Linker.Last(symbol[..dot]) : "";
        return [.. model.Graph.Find("name", Linker.Last(symbol)).Concat(model.Graph.Find("name", symbol)).DistinctBy(node => node.Id)
            .Where(node => !node.Labels.Contains("Section") && (container.Length == 0 || Linker.Last(node["container"] as string ?? "") == container || Equals(node["name"], symbol)))];
    }

    private static ImpactHit Hit(GraphSnapshot graph, Link link, int on, string type, int depth)
    {
        var node = new GraphNode(graph, link.Other);
        var line = graph.Edges[link.Edge].Properties[graph.Names.Find("line")] as long? ?? node["line"] as long? ?? 1;
        return new((string)node["key"]!, node.Labels[^1], (string)node["path"]!, (int)line, depth, $"{type} {new GraphNode(graph, on)["name"]}");
    }
}
