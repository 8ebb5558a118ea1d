using Cairn.Memory.Graph;
using Cairn.Memory.Indexing;
using Cairn.Memory.Cypher;

namespace Cairn.Memory.Fusion;

/// <summary>A thing of the repository in an answer.</summary>
/// <param name="Key">Its key in the model.</param>
/// <param name="Kind">What it is: Function, Table, File, …</param>
/// <param name="Path">The file.</param>
/// <param name="Line">Its first line there.</param>
/// <param name="EndLine">Its last line there.</param>
/// <param name="Version">The hash of the file that this was read from.</param>
/// <param name="Text">Its signature or first words.</param>
/// <param name="Score">Only good for comparison within one answer.</param>
/// <param name="Reasons">Where and why it was found.</param>
public sealed record CodeHit(
    string Key, string Kind, string Path, int Line, int EndLine, string Version, string Text, double Score, IReadOnlyList<RecallReason> Reasons);

/// <summary>A way through the graph between two things that a question names.</summary>
/// <param name="Steps">Names of the things and of the relationships between them, in turn.</param>
public sealed record CodePath(IReadOnlyList<string> Steps);

/// <summary>An answer about the repository.</summary>
/// <param name="Hits">What was found, best first.</param>
/// <param name="Paths">Ways between the things that the question names.</param>
/// <param name="Silent">Stores that did not answer in time, with the reason.</param>
public sealed record CodeAnswer(IReadOnlyList<CodeHit> Hits, IReadOnlyList<CodePath> Paths, IReadOnlyDictionary<string, string> Silent);

/// <summary>Asks a model in words: keywords, vectors and the graph at once.</summary>
public sealed class CodeSearch(CodeModel model, TimeProvider time)
{
    private const int PerStore = 40;
    private const int Seeds = 8;
    private const int MostNamed = 6;
    private const int TextLength = 200;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    /// <summary>Asks all stores.</summary>
    /// <param name="question">A sentence, or names.</param>
    /// <param name="most">The most hits.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<CodeAnswer> AskAsync(string question, int most, CancellationToken cancellationToken) => AskAsync(question, null, [], most, cancellationToken);

    /// <summary>Asks all stores, and with them a pattern and keys.</summary>
    /// <param name="question">A sentence, or names; "" when only the pattern and the keys count.</param>
    /// <param name="pattern">A query whose nodes count as found; null for none.</param>
    /// <param name="keys">What is to be found by its path, path#name or name.</param>
    /// <param name="most">The most hits.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<CodeAnswer> AskAsync(string question, CypherQuery? pattern, IReadOnlyList<string> keys, int most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(keys);
        List<RecallStore> stores = string.IsNullOrWhiteSpace(question) ? [] : [.. Stores(question)];
        if (pattern is not null)
        {
            stores.Add(new("pattern", 1.5, token => Task.FromResult(PatternHits.Of(pattern, model.Graph, PerStore, token))));
        }

        if (keys.Count > 0)
        {
            stores.Add(new("keys", 4, _ => Task.FromResult(ByKey(keys))));
        }

        var answer = await Recall.AskAsync(stores, most, Deadline, time, cancellationToken);
        return new([.. answer.Items.Select(Hit).OfType<CodeHit>()], Paths(question, cancellationToken), answer.Silent);
    }

    private IReadOnlyList<StoreHit> ByKey(IReadOnlyList<string> keys) =>
        [.. keys.SelectMany(key => Impact.Find(model, key).Take(PerStore).Select(node => new StoreHit((string)node["key"]!, $"asked for by {key}")))];

    /// <summary>The stores, each of which can be asked alone too.</summary>
    public IReadOnlyList<RecallStore> Stores(string question) =>
    [
        new("keywords", 1, _ => Task.FromResult(Words(question))),
        new("vectors", 0.5, _ => Task.FromResult(Vectors(question))),
        new("graph", 0.7, token => Task.FromResult(Neighbours(question, token))),
    ];

    private IReadOnlyList<StoreHit> Words(string question) =>
        [.. model.Keywords.Search(question, PerStore, null).Select(hit => new StoreHit(hit.Key, "words: " + string.Join(", ", hit.Words.Take(6))))];

    private IReadOnlyList<StoreHit> Vectors(string question) =>
        [.. model.Vectors.Search(ModelEdit.Embedder.Embed(question), PerStore, null).Where(hit => hit.Score > 0.05f).Select(hit => new StoreHit(hit.Key, $"similar text: {hit.Score:0.00}"))];

    /// <summary>What the question names, and what is next to what its words find.</summary>
    private IReadOnlyList<StoreHit> Neighbours(string question, CancellationToken cancellationToken)
    {
        var graph = model.Graph;
        var hits = Named(question).Select(node => new StoreHit((string)node["key"]!, $"named {node["name"]}")).ToList();
        var votes = new Dictionary<int, (double Votes, string Why)>();
        var rank = 0;
        foreach (var seed in model.Keywords.Search(question, Seeds, null).SelectMany(hit => graph.Find("key", hit.Key)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            rank++;
            foreach (var (other, why) in Around(graph, seed))
            {
                var known = votes.GetValueOrDefault(other);
                votes[other] = (known.Votes + (1.0 / rank), known.Why ?? why);
            }
        }

        hits.AddRange(votes.OrderByDescending(each => each.Value.Votes).ThenBy(each => each.Key).Take(PerStore).Select(each => new StoreHit((string)new GraphNode(graph, each.Key)["key"]!, each.Value.Why)));
        return hits;
    }

    private static IEnumerable<(int Node, string Why)> Around(GraphSnapshot graph, GraphNode seed)
    {
        const int most = 30;
        var record = graph.Nodes[seed.Id]!;
        foreach (var link in record.Out.ToArray().Take(most))
        {
            yield return (link.Other, $"{seed["name"]} {graph.Names[link.Type]} it");
        }

        foreach (var link in record.In.ToArray().Take(most))
        {
            yield return (link.Other, $"{graph.Names[link.Type]} {seed["name"]}");
        }
    }

    /// <summary>Things whose names stand in the question as they are.</summary>
    private IReadOnlyList<GraphNode> Named(string question)
    {
        var words = question.Split((char[])[' ', ',', '?', '!', '"', '\'', '`', '(', ')', ';', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(word => word.Trim('.', ':')).Where(word => word.Length > 2);
        return [.. words.SelectMany(word => model.Graph.Find("name", Linker.Last(word)).Concat(model.Graph.Find("path", word)).Concat(model.Graph.Find("key", word)).Take(3)).DistinctBy(node => node.Id).Where(node => !node.Labels.Contains("Section")).Take(MostNamed)];
    }

    private IReadOnlyList<CodePath> Paths(string question, CancellationToken cancellationToken)
    {
        var named = Named(question);
        var query = CypherQuery.Parse(
            """
            MATCH p = (a {key: $from})-[:CALLS|USES|READS|WRITES|IMPORTS|INHERITS|DEPENDS_ON|REFERENCES|CONTAINS|HAS_COLUMN*1..5]->(b {key: $to})
            RETURN p ORDER BY length(p) LIMIT 2
            """);
        var paths = new List<CodePath>();
        foreach (var (from, to) in named.SelectMany(a => named.Where(b => b.Id != a.Id).Select(b => (a, b))).Take(30))
        {
            try
            {
                var rows = query.Run(model.Graph, new Dictionary<string, object?> { ["from"] = from["key"], ["to"] = to["key"] }, new QueryLimits { Work = 300_000 }, cancellationToken).Rows;
                paths.AddRange(rows.Select(row => new CodePath(Steps((GraphPath)row[0]!))));
            }
            catch (CypherException e) when (e.Fault == CypherFault.Limit)
            {
                // Too many ways to tell one from another: no answer is better than an arbitrary one.
            }
        }

        return [.. paths.OrderBy(path => path.Steps.Count).Take(5)];
    }

    private static List<string> Steps(GraphPath path)
    {
        var (nodes, edges) = (path.Nodes, path.Edges);
        var steps = new List<string> { (string)nodes[0]["key"]! };
        for (var i = 0; i < edges.Count; i++)
        {
            steps.Add(edges[i].Type);
            steps.Add((string)nodes[i + 1]["key"]!);
        }

        return steps;
    }

    private CodeHit? Hit(RecallItem item)
    {
        var node = model.Graph.Find("key", item.Key).FirstOrDefault();
        if (node is null)
        {
            return null;
        }

        var text = (node["text"] as string ?? "").ReplaceLineEndings(" ");
        return new(
            item.Key, node.Labels[^1], (string)node["path"]!, (int)(node["line"] as long? ?? 1), (int)(node["endLine"] as long? ?? 1), (string)node["version"]!,
            text.Length > TextLength ? text[..TextLength] : text, item.Score, item.Reasons);
    }
}
