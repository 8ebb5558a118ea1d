using Cairn.Memory.Cypher;
using Cairn.Memory.Graph;

namespace Cairn.Tests.Memory.Cypher;

public sealed class CypherQueryTests
{
    private const string Shop =
        """
        CREATE (gateway:Entity:Service {name: 'api_gateway'}), (auth:Entity:Function {name: 'resolve_user_id'}), (orders:Entity:Function {name: 'place_order'}),
               (billing:Entity:Service {name: 'billing'}), (log:Entity:Function {name: 'log'}),
               (gateway)-[:CALLS]->(auth), (auth)-[:CALLS]->(orders), (orders)-[:CALLS]->(billing), (gateway)-[:CALLS]->(log), (log)-[:CALLS]->(billing)
        """;

    [Fact]
    public void The_path_from_the_gateway_to_billing_goes_through_what_handles_the_user_id()
    {
        var answer = Ask(
            Shop,
            """
            MATCH path = (src:Entity {name: "api_gateway"})-[:CALLS*1..5]->(dst:Entity {name: "billing"})
            WHERE ANY(n IN nodes(path) WHERE n.name CONTAINS "user_id")
            RETURN [n IN nodes(path) | n.name] AS names
            """);
        Assert.Equal("['api_gateway', 'resolve_user_id', 'place_order', 'billing']", CypherText.Of(Assert.Single(answer.Rows)[0]));
    }

    [Theory]
    [InlineData("MATCH (a) RETURN b", 1, 18, "no variable b (there is a)")]
    [InlineData("MATCH (a)\nWHERE a.name = \nRETURN a", 3, 1, "expected an expression, found `RETURN`")]
    [InlineData("MATCH (a)-[:CALLS*1..", 1, 22, "found the end")]
    [InlineData("MATCH (a) SET a.x = 1 RETURN a", 1, 11, "a query only reads")]
    [InlineData("MATCH (a) RETURN count(sum(a.x))", 1, 24, "not into one another")]
    [InlineData("RETURN nosuch(1)", 1, 8, "no function nosuch()")]
    [InlineData("MATCH p = shortestPath((a)-[*]->(b)) RETURN p", 1, 11, "ORDER BY length(path) LIMIT 1")]
    [InlineData("RETURN 'open", 1, 8, "does not end")]
    public void A_wrong_query_is_answered_with_the_place_and_what_is_wrong(string query, int line, int column, string part)
    {
        var error = Assert.Throws<CypherException>(() => CypherQuery.Parse(query));
        Assert.StartsWith($"line {line}, column {column}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MATCH (a)-[*]-(b)-[*]-(c)-[*]-(d) RETURN count(*)")]
    [InlineData("UNWIND range(1, 1000000) AS x UNWIND range(1, 1000000) AS y RETURN count(*)")]
    [InlineData("WITH 'abcdefgh' AS s WITH s+s+s+s+s+s+s+s+s+s AS s WITH s+s+s+s+s+s+s+s+s+s AS s WITH s+s+s+s+s+s+s+s+s+s AS s WITH s+s+s+s+s+s+s+s+s+s AS s WITH s+s+s+s+s+s+s+s+s+s AS s WITH s+s+s+s+s+s AS s RETURN size(s)")]
    [InlineData("RETURN reduce(s = [], x IN range(1, 100000) | s + s + [x])")]
    public void No_query_runs_away(string query)
    {
        var graph = Random(200, 1200, 5);
        Assert.Equal(CypherFault.Limit, Assert.Throws<CypherException>(() => Run(graph, query, new QueryLimits { Work = 2_000_000 })).Fault);
    }

    [Fact]
    public void Nesting_is_limited_so_that_no_text_exhausts_the_stack()
    {
        var deep = "RETURN " + new string('(', 20_000) + "1" + new string(')', 20_000);
        Assert.Contains("nested", Assert.Throws<CypherException>(() => CypherQuery.Parse(deep)).Message, StringComparison.Ordinal);
        var wide = "RETURN " + string.Join('+', Enumerable.Repeat("1", 20_000));
        Assert.Contains("in a row", Assert.Throws<CypherException>(() => CypherQuery.Parse(wide)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_path_is_walked_without_recursion()
    {
        var graph = Cairn.Tests.Memory.Graph.GraphSnapshotTests.Chain(100_000);
        var answer = Run(graph, "MATCH p = (a {name: 'n0'})-[*]->(b {name: 'n99999'}) RETURN length(p)", new QueryLimits());
        Assert.Equal(99_999L, Assert.Single(answer.Rows)[0]);
    }

    [Theory]
    [InlineData(1, 1, 3)]
    [InlineData(2, 0, 4)]
    [InlineData(3, 1, 2)]
    [InlineData(4, 1, 4)]
    public void Asked_only_for_ends_the_short_search_finds_what_the_search_of_all_paths_finds(int seed, int least, int most)
    {
        var graph = Random(40, 90, seed);
        for (var start = 0; start < 10; start++)
        {
            var ends = Run(graph, $"MATCH (a {{name: 'n{start}'}})-[:T*{least}..{most}]->(b) RETURN DISTINCT b.name AS b ORDER BY b", new QueryLimits());
            var paths = Run(graph, $"MATCH p = (a {{name: 'n{start}'}})-[:T*{least}..{most}]->(b) WITH p, b RETURN DISTINCT last(nodes(p)).name AS b ORDER BY b", new QueryLimits());
            Assert.Equal(paths.Rows.Select(row => row[0]), ends.Rows.Select(row => row[0]));
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void A_known_end_changes_nothing_about_the_paths_that_are_found(int seed)
    {
        var graph = Random(30, 80, seed);
        for (var end = 0; end < 10; end++)
        {
            var known = Run(graph, $"MATCH p = (a {{name: 'n0'}})-[:T*1..5]->(b {{name: 'n{end}'}}) RETURN count(p), sum(length(p))", new QueryLimits());
            var unknown = Run(graph, $"MATCH p = (a {{name: 'n0'}})-[:T*1..5]->(b) WITH p WHERE last(nodes(p)).name = 'n{end}' RETURN count(p), sum(length(p))", new QueryLimits());
            Assert.Equal(unknown.Rows[0], known.Rows[0]);
        }
    }

    [Fact]
    public void Parameters_are_values_and_never_text_of_the_query()
    {
        var query = CypherQuery.Parse("MATCH (a {name: $name}) RETURN count(a)");
        var graph = Make(Shop);
        Assert.Equal(1L, query.Run(graph, new Dictionary<string, object?> { ["name"] = "billing" }, new QueryLimits(), CancellationToken.None).Rows[0][0]);
        Assert.Equal(0L, query.Run(graph, new Dictionary<string, object?> { ["name"] = "x'}) RETURN 1 //" }, new QueryLimits(), CancellationToken.None).Rows[0][0]);
        Assert.Contains("$name was not given", Assert.Throws<CypherException>(() => query.Run(graph, new Dictionary<string, object?>(), new QueryLimits(), CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    internal static GraphSnapshot Make(string create)
    {
        var graph = GraphSnapshot.Empty();
        var edit = graph.Edit();
        CypherQuery.Parse(create, writes: true).Run(graph, new Dictionary<string, object?>(), new QueryLimits(), edit, CancellationToken.None);
        return edit.Commit();
    }

    private static CypherResult Ask(string create, string query) => Run(Make(create), query, new QueryLimits());

    private static CypherResult Run(GraphSnapshot graph, string query, QueryLimits limits) =>
        CypherQuery.Parse(query).Run(graph, new Dictionary<string, object?>(), limits, CancellationToken.None);

    private static GraphSnapshot Random(int nodes, int edges, int seed)
    {
        var random = new Random(seed);
        var edit = GraphSnapshot.Empty().Edit();
        for (var i = 0; i < nodes; i++)
        {
            edit.AddNode(["Any"], [new("name", $"n{i}")]);
        }

        for (var i = 0; i < edges; i++)
        {
            edit.AddEdge(random.Next(nodes), random.Next(nodes), "T", []);
        }

        return edit.Commit();
    }
}
