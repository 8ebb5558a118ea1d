using Cairn.Memory.Cypher;
using Cairn.Memory.Fusion;
using Cairn.Memory.Indexing;

namespace Cairn.Tests.Memory.Indexing;

public sealed class CodeModelTests
{
    private static readonly (string Path, string Text)[] Shop =
    [
        ("src/Users.cs", "namespace Shop;\n/// <summary>Finds users.</summary>\nclass Users : Store\n{\n    User? ByEmail(string email) => Query(\"SELECT id, email FROM users WHERE email = @e\");\n    void Save() { ByEmail(\"x\"); Environment.GetEnvironmentVariable(\"DB_URL\"); }\n}\n"),
        ("src/Store.cs", "namespace Shop;\nclass Store\n{\n    protected User? Query(string sql) => null;\n}\n"),
        ("src/Api.cs", "namespace Shop;\nclass Api\n{\n    void Login() { var users = new Users(); users.ByEmail(\"a\"); }\n}\n"),
        ("db/schema.sql", "-- the users\nCREATE TABLE users (\n  id bigint PRIMARY KEY,\n  email varchar(200) NOT NULL,\n  plan text DEFAULT 'free',\n  CONSTRAINT u UNIQUE (email)\n);\nCREATE INDEX users_email ON users (email);\nCREATE TABLE orders (id bigint, user_id bigint NOT NULL REFERENCES users(id));\n"),
        (".env.example", "DB_URL=postgres://localhost\n"),
        ("docs/adr/0001-plain-sql.md", "---\ntitle: Plain SQL\nstatus: accepted\ndecided_by: sarah\n---\n# Plain SQL\nWe keep `ByEmail` in SQL.\n"),
        ("compose.yaml", "services:\n  web:\n    image: shop\n    depends_on: [db]\n    environment:\n      - DB_URL=x\n  db:\n    image: postgres\n"),
        ("CODEOWNERS", "/db/ @data-team\n*.cs @backend\n"),
    ];

    [Theory]
    [InlineData("MATCH (a)-[:CALLS]->(b {name: 'ByEmail'}) RETURN a.name AS name ORDER BY name", "Login Save")]
    [InlineData("MATCH (:Class {name: 'Users'})-[:INHERITS]->(b) RETURN b.name AS name", "Store")]
    [InlineData("MATCH (a)-[:READS]->(:Table {name: 'users'}) RETURN a.name AS name", "ByEmail")]
    [InlineData("MATCH (a)-[:READS]->(:EnvVar {name: 'DB_URL'}) RETURN DISTINCT a.name AS name ORDER BY name", "Save web")]
    [InlineData("MATCH (:Table {name: 'users'})-[:HAS_COLUMN]->(c) WHERE c.nullable RETURN c.name AS name", "plan")]
    [InlineData("MATCH (c:Column {name: 'email'}) RETURN c.type AS name", "varchar(200)")]
    [InlineData("MATCH (c:Column {name: 'plan'}) RETURN c.default AS name", "'free'")]
    [InlineData("MATCH (i:Index)-[:INDEXES]->(:Table {name: 'users'}) RETURN i.name AS name", "users_email")]
    [InlineData("MATCH (a:Table)-[:REFERENCES]->(b:Table) RETURN a.name AS name", "orders")]
    [InlineData("MATCH (d:Decision)-[:DECIDED_BY]->(p:Person) WHERE d.status = 'accepted' RETURN p.name AS name", "sarah")]
    [InlineData("MATCH (d:Decision)-[:MENTIONS]->(m:Method) RETURN m.name AS name", "ByEmail")]
    [InlineData("MATCH (:Service {name: 'web'})-[:DEPENDS_ON]->(s) RETURN s.name AS name", "db")]
    [InlineData("MATCH (o:Owner)-[:OWNS]->(:File {path: 'db/schema.sql'}) RETURN o.name AS name", "@data-team")]
    [InlineData("MATCH (o:Owner)-[:OWNS]->(f:File) WHERE o.name = '@backend' RETURN f.name AS name ORDER BY name", "Api.cs Store.cs Users.cs")]
    public void The_graph_holds_what_the_files_say(string query, string names) => Assert.Equal(names, Names(Model(Shop), query));

    [Fact]
    public void A_column_that_is_written_in_a_query_leads_to_that_tables_column_only()
    {
        var model = Model([.. Shop, ("a/insert.cs", "class I { void Add() { Run(\"INSERT INTO orders (id, user_id) VALUES (1, 2)\"); } }")]);
        Assert.Equal("orders.id orders.user_id", Names(model, "MATCH ({name: 'Add'})-[:WRITES]->(c:Column) RETURN c.container + '.' + c.name AS name ORDER BY name"));
    }

    [Fact]
    public async Task An_answer_says_where_which_version_and_why()
    {
        var model = Model(Shop);
        var answer = await new CodeSearch(model, TimeProvider.System).AskAsync("find a user by e-mail", 10, CancellationToken.None);
        var hit = answer.Hits.First(each => each.Key == "src/Users.cs#Users.ByEmail");
        Assert.Equal(("src/Users.cs", 5, model.VersionOf("src/Users.cs")!.Value.Value), (hit.Path, hit.Line, hit.Version));
        Assert.Contains(hit.Reasons, reason => reason.Store == "keywords" && reason.Why.Contains("user", StringComparison.Ordinal));
        Assert.Empty(answer.Silent);
    }

    [Fact]
    public async Task A_question_that_names_two_things_is_answered_with_the_way_between_them()
    {
        var answer = await new CodeSearch(Model(Shop), TimeProvider.System).AskAsync("how does Login reach users", 5, CancellationToken.None);
        Assert.Contains(answer.Paths, path => path.Steps.SequenceEqual(["src/Api.cs#Api.Login", "CALLS", "src/Users.cs#Users.ByEmail", "READS", "db/schema.sql#users"]));
    }

    [Fact]
    public void Impact_follows_dependencies_backwards()
    {
        var impact = Impact.Of(Model(Shop), "users");
        Assert.Equal(["src/Users.cs#Users.ByEmail", "src/Api.cs#Api.Login"], impact.Hits.Where(hit => hit.Kind == "Method").Select(hit => hit.Key).Where(key => !key.EndsWith("Save", StringComparison.Ordinal)));
        Assert.Contains("src/Api.cs", impact.Files);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_model_that_grew_by_changes_is_the_one_that_is_made_at_once(int seed)
    {
        var random = new Random(seed);
        var now = new Dictionary<string, string>();
        var model = CodeModel.Empty;
        for (var round = 0; round < 25; round++)
        {
            var changed = new Dictionary<string, string>();
            var removed = new List<string>();
            foreach (var path in Enumerable.Range(0, 6).Select(i => $"f{i}/File{i}.cs").Where(_ => random.Next(3) == 0))
            {
                if (now.ContainsKey(path) && random.Next(4) == 0)
                {
                    removed.Add(path);
                    now.Remove(path);
                }
                else
                {
                    changed[path] = now[path] = Random(random);
                }
            }

            model = model.With(removed, [.. changed.Select(pair => File(pair.Key, pair.Value))], CancellationToken.None);
            Assert.Equal(Picture(Model([.. now.Select(pair => (pair.Key, pair.Value))])), Picture(model));
        }

        static string Random(Random random) =>
            $"class C{random.Next(4)} {{ {string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => $"void M{random.Next(5)}() {{ M{random.Next(5)}(); new C{random.Next(4)}(); }} "))} }}";
    }

    private static List<string> Picture(CodeModel model) =>
        [.. CypherQuery.Parse("MATCH (a)-[r]->(b) RETURN a.key + ' ' + type(r) + ' ' + b.key AS fact ORDER BY fact")
            .Run(model.Graph, new Dictionary<string, object?>(), new QueryLimits(), CancellationToken.None).Rows.Select(row => (string)row[0]!),
            .. model.Graph.AllNodes().Select(node => $"{node["key"]} {node.Labels[^1]} {node["line"]}").Order(StringComparer.Ordinal), $"{model.Keywords.Count} {model.Vectors.Count}"];

    internal static CodeModel Model(IEnumerable<(string Path, string Text)> files) => CodeModel.Empty.With([], [.. files.Select(file => File(file.Path, file.Text))], CancellationToken.None);

    private static IndexedFile File(string path, string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        return new(FactExtractor.Extract(path, BlobHash.Of(bytes), SourceText.Of(bytes), [], CancellationToken.None), text);
    }

    private static string Names(CodeModel model, string query) =>
        string.Join(' ', CypherQuery.Parse(query).Run(model.Graph, new Dictionary<string, object?>(), new QueryLimits(), CancellationToken.None).Rows.Select(row => row[0]));
}
