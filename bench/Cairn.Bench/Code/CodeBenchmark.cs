using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using Cairn.Memory.Cypher;
using Cairn.Memory.Graph;
using Cairn.Memory.Vectors;

namespace Cairn.Bench.Code;

/// <summary>The stores of the code model: path queries beside SQLite's recursive ones, and the vectors' recall and time.</summary>
internal static class CodeBenchmark
{
    private const int Nodes = 50_000;
    private const int Edges = 250_000;
    private const int Starts = 20;
    private const int Vectors = 50_000;
    private const int Questions = 500;

    private static readonly (string Name, string Cypher, string Sql, bool HasEnd)[] Queries =
    [
        (
            "whom does it reach in 1..5 steps",
            "MATCH (a {name: $from})-[:CALLS*1..5]->(b) RETURN count(DISTINCT b)",
            "WITH RECURSIVE r(id, d) AS (VALUES(?1, 0) UNION SELECT e.dst, r.d + 1 FROM r JOIN edges e ON e.src = r.id WHERE r.d < 5) SELECT count(DISTINCT id) FROM r WHERE d >= 1",
            false),
        (
            "how many paths of 1..5 steps begin there",
            "MATCH p = (a {name: $from})-[:CALLS*1..5]->(b) RETURN count(p)",
            "WITH RECURSIVE r(id, d, way) AS (VALUES(?1, 0, ',') UNION ALL SELECT e.dst, r.d + 1, r.way || e.id || ',' FROM r JOIN edges e ON e.src = r.id WHERE r.d < 5 AND instr(r.way, ',' || e.id || ',') = 0) SELECT count(*) FROM r WHERE d >= 1",
            false),
        (
            "paths of 1..6 steps between two, through a name",
            "MATCH p = (a {name: $from})-[:CALLS*1..6]->(b {name: $to}) WHERE any(n IN nodes(p) WHERE n.name CONTAINS '7') RETURN count(p)",
            "WITH RECURSIVE r(id, d, way, named) AS (SELECT id, 0, ',', instr(name, '7') > 0 FROM nodes WHERE id = ?1 UNION ALL SELECT e.dst, r.d + 1, r.way || e.id || ',', r.named OR instr(n.name, '7') > 0 FROM r JOIN edges e ON e.src = r.id JOIN nodes n ON n.id = e.dst WHERE r.d < 6 AND instr(r.way, ',' || e.id || ',') = 0) SELECT count(*) FROM r WHERE d >= 1 AND id = ?2 AND named",
            true),
    ];

    public static int Run(string[] args, TextWriter output)
    {
        if (args is not [] and not ["--rounds", _])
        {
            throw new FormatException("bench code takes --rounds NUMBER");
        }

        var rounds = args is ["--rounds", var given] ? int.Parse(given, CultureInfo.InvariantCulture) : 5;
        var same = Paths(rounds, output);
        Recall(output);
        return same ? 0 : 1;
    }

    private static bool Paths(int rounds, TextWriter output)
    {
        var random = new Random(7);
        var edges = Enumerable.Range(0, Edges).Select(_ => (From: random.Next(Nodes), To: random.Next(Nodes))).ToArray();
        var build = Stopwatch.StartNew();
        var graph = Graph(edges);
        output.WriteLine($"graph: {graph.NodeCount:N0} nodes, {graph.EdgeCount:N0} relationships, made in {build.ElapsedMilliseconds} ms; SQLite {Sqlite.Version} in memory, indexed by source");
        using var sqlite = Database(edges);
        var same = true;
        foreach (var (name, cypher, sql, hasEnd) in Queries)
        {
            var query = CypherQuery.Parse(cypher);
            using var statement = sqlite.Prepare(sql);
            var pairs = Enumerable.Range(0, Starts).Select(i => (From: (i * 2311) % Nodes, To: (i * 977 + 13) % Nodes)).ToArray();
            long Ours((int From, int To) pair) => (long)query.Run(
                graph, new Dictionary<string, object?> { ["from"] = $"n{pair.From}", ["to"] = $"n{pair.To}" }, new QueryLimits { Work = long.MaxValue }, CancellationToken.None).Rows[0][0]!;
            long Theirs((int From, int To) pair) => hasEnd ? statement.Number(pair.From, pair.To) : statement.Number(pair.From);
            Warm(() => _ = Ours(pairs[0]));
            Warm(() => _ = Theirs(pairs[0]));
            var equal = pairs.All(pair => Ours(pair) == Theirs(pair));
            same &= equal;
            var (ours, theirs) = (new List<double>(), new List<double>());
            for (var round = 0; round < rounds; round++)
            {
                // In turns, first the one and then the other, so that neither has the quieter half.
                foreach (var first in round % 2 == 0 ? new[] { true, false } : [false, true])
                {
                    var watch = Stopwatch.StartNew();
                    foreach (var pair in pairs)
                    {
                        _ = first ? Ours(pair) : Theirs(pair);
                    }

                    (first ? ours : theirs).Add(watch.Elapsed.TotalMilliseconds / Starts);
                }
            }

            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-50} ours {Median(ours),9:0.000} ms, SQLite {Median(theirs),9:0.000} ms, {Median(theirs) / Median(ours),7:0.0}x, answers {(equal ? "identical" : "DIFFER")}"));
        }

        return same;
    }

    private static void Recall(TextWriter output)
    {
        // Like texts, vectors have subjects that they share and much that is their own.
        var random = new Random(11);
        float[][] subjects = [.. Enumerable.Range(0, 400).Select(_ => Gauss(random))];
        float[][] vectors = [.. Enumerable.Range(0, Vectors + Questions).Select(_ => Mixed(random, subjects))];
        var build = Stopwatch.StartNew();
        var index = VectorIndex.Empty(256).With([], vectors.Take(Vectors).Select((vector, i) => KeyValuePair.Create($"v{i}", vector)));
        var made = build.ElapsedMilliseconds;
        var questions = vectors[Vectors..];
        var found = 0;
        foreach (var question in questions)
        {
            found += index.Search(question, 10, null).Select(hit => hit.Key).Intersect(index.Search(question, 10, null, exact: true).Select(hit => hit.Key)).Count();
        }

        var times = new List<double>();
        foreach (var question in questions.Concat(questions))
        {
            var watch = Stopwatch.GetTimestamp();
            index.Search(question, 10, null);
            times.Add(Stopwatch.GetElapsedTime(watch).TotalMicroseconds);
        }

        times.Sort();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"vectors: {Vectors:N0} x 256 made in {made} ms, recall@10 {found / (10.0 * Questions):0.0000}, p50 {times[times.Count / 2]:0} us, p99 {times[times.Count * 99 / 100]:0} us"));
    }

    private static float[] Gauss(Random random) =>
        [.. Enumerable.Range(0, 256).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];

    private static float[] Mixed(Random random, float[][] subjects)
    {
        var vector = Gauss(random);
        TensorPrimitives.MultiplyAdd<float>(subjects[random.Next(subjects.Length)], 1.2f, vector, vector);
        TensorPrimitives.MultiplyAdd<float>(subjects[random.Next(subjects.Length)], 0.6f, vector, vector);
        TensorPrimitives.Divide(vector, TensorPrimitives.Norm<float>(vector), vector);
        return vector;
    }

    private static GraphSnapshot Graph((int From, int To)[] edges)
    {
        var edit = GraphSnapshot.Empty().Edit();
        for (var i = 0; i < Nodes; i++)
        {
            edit.AddNode(["Function"], [new("name", $"n{i}")]);
        }

        foreach (var (from, to) in edges)
        {
            edit.AddEdge(from, to, "CALLS", []);
        }

        return edit.Commit();
    }

    private static Sqlite Database((int From, int To)[] edges)
    {
        var database = new Sqlite();
        database.Run("CREATE TABLE nodes (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE edges (id INTEGER PRIMARY KEY, src INTEGER, dst INTEGER); BEGIN");
        foreach (var chunk in Enumerable.Range(0, Nodes).Chunk(400))
        {
            database.Run("INSERT INTO nodes VALUES " + string.Join(',', chunk.Select(i => $"({i},'n{i}')")));
        }

        foreach (var chunk in edges.Index().Chunk(400))
        {
            database.Run("INSERT INTO edges VALUES " + string.Join(',', chunk.Select(each => $"({each.Index},{each.Item.From},{each.Item.To})")));
        }

        database.Run("COMMIT; CREATE INDEX by_source ON edges (src, dst); ANALYZE");
        return database;
    }

    // The runtime compiles what is hot anew while it runs; that is over before anything is measured.
    private static void Warm(Action action)
    {
        for (var watch = Stopwatch.StartNew(); watch.ElapsedMilliseconds < 1000;)
        {
            action();
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
