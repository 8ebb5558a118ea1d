using Cairn.Host;

namespace Cairn.Tests.Integration.Code;

public sealed class CodeReportsTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("cairn-code-").FullName;

    public CodeReportsTests()
    {
        Write(".git/HEAD", "ref: refs/heads/main\n");
        Write("app/users.py", "import os\n\ndef find_user(email):\n    return query(\"SELECT id FROM users WHERE email = ?\", email)\n\ndef login(form):\n    # find_team(form)\n    return find_user(form.email), os.getenv(\"DB_URL\")\n");
        Write("db/schema.sql", "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\n");
        Write("web/cart.ts", "import { total } from './sum';\nexport function checkout(cart: Cart) { return total(cart); }\n");
        Write("web/sum.ts", "export function total(cart: Cart) { return 1; }\n");
        File.CreateSymbolicLink(Path.Combine(_home, "repo", "outside.py"), "/etc/passwd");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task Python_and_TypeScript_are_outlined_in_the_sandbox_and_linked_by_name()
    {
        var first = await CodeReports.IndexAsync(Options(), Repository, null, Cancel);
        Assert.Empty(first.Remarks);
        Assert.Equal(4, first.Read);
        Assert.Equal(0, (await CodeReports.IndexAsync(Options(), Repository, null, Cancel)).Read);
        Assert.Equal(["login"], await Ask("MATCH (a)-[:CALLS]->({name: 'find_user'}) RETURN a.name"));
        Assert.Equal(["find_user"], await Ask("MATCH (a)-[:READS]->(:Table {name: 'users'}) RETURN a.name"));
        Assert.Equal(["web/sum.ts"], await Ask("MATCH (:File {name: 'cart.ts'})-[:IMPORTS]->(f) RETURN f.path"));
        Assert.Empty(await Ask("MATCH (f:File {name: 'outside.py'}) RETURN f.path"));
    }

    [Fact]
    public async Task What_is_not_there_is_answered_with_what_is()
    {
        var error = await Assert.ThrowsAsync<UserException>(() => CodeReports.ImpactAsync(Options(), Repository, "find_usr", null, Cancel));
        Assert.Contains("Nothing in this repository is called find_usr", error.Message, StringComparison.Ordinal);
        Assert.Contains("line 1, column 10", (await Assert.ThrowsAsync<UserException>(() => Ask("MATCH (a RETURN a"))).Message, StringComparison.Ordinal);
    }

    private string Repository => Path.Combine(_home, "repo");

    private HostOptions Options() => new(Path.Combine(_home, "state"), null!, Environment.GetEnvironmentVariable);

    private async Task<List<string>> Ask(string query) =>
        [.. (await CodeReports.GraphAsync(Options(), Repository, query, new Dictionary<string, object?>(), null, Cancel)).Rows.Select(row => row[0]!.GetValue<string>())];

    private void Write(string path, string text)
    {
        var full = Path.Combine(_home, "repo", path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
