using System.Text;
using System.Text.Json.Nodes;
using Cairn.Tests.Sandbox;
using Cairn.Tools.Lsp;

namespace Cairn.Tests.Tools.Lsp;

public sealed class LspEditTests
{
    [Theory]
    [InlineData("utf-8", 8, 11)]
    [InlineData("utf-16", 5, 8)]
    [InlineData("utf-32", 4, 7)]
    public async Task A_rename_hits_the_right_columns_in_every_unit_and_keeps_line_ends_and_byte_order_marks(string unit, int from, int to)
    {
        var workspace = new InMemoryWorkspace();
        byte[] before = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("x\r\n'ä𝄞'foo\r\n")];
        workspace.Put("a.x", before);
        await using var bench = new FakeBench(workspace, _ => Renaming([("a.x", 1, from, to)], unit));
        // 'ä𝄞' is 8 bytes, 5 code units and 4 characters; the name behind it is 3 of each.
        var answer = await bench.Rename("foo", "a.x", "longer");
        Assert.True(answer.Status == ToolStatus.Ok, answer.Text);
        Assert.Equal([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("x\r\n'ä𝄞'longer\r\n")], workspace.BytesOf("a.x"));
    }

    [Fact]
    public async Task A_rename_changes_all_files_and_tells_their_new_versions()
    {
        await using var bench = new FakeBench(new InMemoryWorkspace(("a.x", "foo foo\n"), ("d/b.x", "use foo\n")), _ => Renaming([("a.x", 0, 0, 3), ("a.x", 0, 4, 7), ("d/b.x", 0, 4, 7)]));
        var answer = await bench.Call("rename_symbol", new { symbol = "foo", path = "a.x", line = 1, new_name = "bar" }, exact: true);
        Assert.True(answer.Status == ToolStatus.Ok, answer.Text);
        Assert.Equal("bar bar\n", bench.Workspace.TextOf("a.x"));
        Assert.Equal("use bar\n", bench.Workspace.TextOf("d/b.x"));
        Assert.Contains("3 places in 2 files", answer.Text, StringComparison.Ordinal);
        Assert.Contains("+use bar", answer.Text, StringComparison.Ordinal);
        Assert.Equal(["a.x", "d/b.x"], answer.Context!.Files.Select(f => f.Path));
        Assert.All(answer.Context.Files, f => Assert.True(f.Written));
        Assert.Contains("\"changes\":3", answer.Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_changes_while_the_others_are_written_stops_the_rename_and_all_is_as_before()
    {
        var workspace = new InMemoryWorkspace(("a.x", "foo\n"), ("b.x", "foo\n"), ("c.x", "foo\n"));
        await using var bench = new FakeBench(workspace, _ => Renaming([("a.x", 0, 0, 3), ("b.x", 0, 0, 3), ("c.x", 0, 0, 3)]));
        workspace.BeforeWrite = path =>
        {
            if (path == "c.x")
            {
                workspace.BeforeWrite = null;
                workspace.Put("c.x", Encoding.UTF8.GetBytes("by somebody else\n"));
            }
        };
        var answer = await bench.Rename("foo", "a.x", "bar");
        Assert.Equal(ToolStatus.Conflict, answer.Status);
        Assert.Contains("Nothing was changed", answer.Text, StringComparison.Ordinal);
        Assert.Equal("foo\n", workspace.TextOf("a.x"));
        Assert.Equal("foo\n", workspace.TextOf("b.x"));
        Assert.Equal("by somebody else\n", workspace.TextOf("c.x"));
    }

    [Fact]
    public async Task A_file_that_changed_while_the_server_thought_is_a_conflict()
    {
        var workspace = new InMemoryWorkspace(("a.x", "foo\n"), ("b.x", "foo\n"));
        await using var bench = new FakeBench(workspace, _ => Renaming([("a.x", 0, 0, 3), ("b.x", 0, 0, 3)], onAsked: () => workspace.Put("b.x", Encoding.UTF8.GetBytes("# new first line\nfoo\n"))));
        var answer = await bench.Rename("foo", "a.x", "bar");
        Assert.Equal(ToolStatus.Conflict, answer.Status);
        Assert.Equal("foo\n", workspace.TextOf("a.x"));
    }

    [Theory]
    [InlineData("""{"changes":{"file:///etc/passwd":[{"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":0}},"newText":"x"}]}}""", "outside")]
    [InlineData("""{"documentChanges":[{"kind":"delete","uri":"file:///repo/a.x"}]}""", "delete a file")]
    [InlineData("""{"changes":{"file:///repo/a.x":[{"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":3}},"newText":"x"},{"range":{"start":{"line":0,"character":1},"end":{"line":0,"character":3}},"newText":"y"}]}}""", "overlap")]
    [InlineData("""{"changes":{"file:///repo/gone.x":[{"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":3}},"newText":"x"}]}}""", "does not exist")]
    [InlineData("""{"changes":{"file:///repo/.git/config":[{"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":3}},"newText":"x"}]}}""", "git")]
    [InlineData("""{"changes":[]}""", "nothing to rename")]
    public async Task A_change_that_a_server_must_not_make_is_not_made(string edit, string why)
    {
        var workspace = new InMemoryWorkspace(("a.x", "foo\n"), (".git/config", "foo\n"));
        await using var bench = new FakeBench(workspace, _ => new FakeLanguageServer { OnAsked = (_, method, _) => method == "textDocument/rename" ? JsonNode.Parse(edit) : new JsonArray() });
        var answer = await bench.Rename("foo", "a.x", "bar");
        Assert.NotEqual(ToolStatus.Ok, answer.Status);
        Assert.Contains(why, answer.Text, StringComparison.Ordinal);
        Assert.Equal("foo\n", workspace.TextOf("a.x"));
        Assert.Equal("foo\n", workspace.TextOf(".git/config"));
    }

    [Fact]
    public async Task An_edit_is_answered_with_the_problems_that_are_new_and_with_no_others()
    {
        await using var bench = new FakeBench(new InMemoryWorkspace(("a.x", "old\nfine\n")), _ => Finding(versions: true));
        var answer = await Edit(bench, "fine", "more\nbroken");
        Assert.Contains("New problems since this edit, by fake:\na.x:3:1: error: broken [E1]", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("error: old", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("New problems", (await Edit(bench, "more", "less")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_host_can_ask_what_is_wrong_in_a_file_and_is_told_when_nobody_knows()
    {
        await using var bench = new FakeBench(new InMemoryWorkspace(("a.x", "fine\nbroken\n"), ("b.y", "broken\n")), _ => Finding(versions: true));
        var found = await bench.Tools.FindProblemsAsync(bench.Workspace, "a.x", TestContext.Current.CancellationToken);
        Assert.Equal(new CodeProblem("a.x", 2, 1, "error", "E1", "broken"), Assert.Single(found!.Problems));
        Assert.Null(await bench.Tools.FindProblemsAsync(bench.Workspace, "b.y", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_server_that_names_no_versions_is_waited_for_until_it_is_quiet()
    {
        await using var bench = new FakeBench(new InMemoryWorkspace(("a.x", "fine\n")), _ => Finding(versions: false));
        Assert.Contains("error: broken", (await Edit(bench, "fine", "broken")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_edit_does_not_wait_for_a_server_that_does_not_come_and_is_made_all_the_same()
    {
        await using var bench = new FakeBench(new InMemoryWorkspace(("a.x", "fine\n")), _ => Dead());
        var answer = await Edit(bench, "fine", "broken");
        Assert.Equal(ToolStatus.Ok, answer.Status);
        Assert.Equal("broken\n", bench.Workspace.TextOf("a.x"));
        Assert.Contains("did not look at this edit in time", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_found_by_its_words_and_a_line_that_is_nearly_right()
    {
        await using var bench = new FakeBench(new InMemoryWorkspace(("a.x", "food\n_foo\nx\nfoo(food)\n")), _ => new FakeLanguageServer
        {
            OnAsked = (_, method, parameters) => method == "textDocument/definition" ? new JsonObject { ["uri"] = "file:///repo/a.x", ["range"] = LspJson.Of(new LspRange(new(parameters.Get("position").Int("line")!.Value, parameters.Get("position").Int("character")!.Value), new(0, 0))) } : new JsonArray(),
        });
        Assert.Contains("a.x:4: foo(food)", (await bench.Definition()).Text, StringComparison.Ordinal);
        Assert.Contains("a.x:4: foo(food)", (await bench.Call("inspect_symbol", new { symbol = "foo", path = "a.x", line = 2, what = "definition" })).Text, StringComparison.Ordinal);
        var wrong = await bench.Call("inspect_symbol", new { symbol = "bar", path = "a.x", line = 3, what = "definition" });
        Assert.Contains("'bar' does not stand in line 3 of a.x", wrong.Text, StringComparison.Ordinal);
        Assert.Contains("No language server of this run is for b.y; there are: fake (.x)", (await WithOther(bench)).Text, StringComparison.Ordinal);
    }

    private static Task<ToolResult> WithOther(FakeBench bench)
    {
        bench.Workspace.Put("b.y", Encoding.UTF8.GetBytes("foo\n"));
        return bench.Definition(path: "b.y");
    }

    private static Task<ToolResult> Edit(FakeBench bench, string old, string @new) => bench.Call(
        "edit_file", new { path = "a.x", version = bench.Workspace.Read("a.x", 1 << 20).Version.Short, edits = new[] { new { old, @new, replace_all = false } } });

    private static FakeLanguageServer Dead()
    {
        var server = new FakeLanguageServer();
        server.Die();
        return server;
    }

    private static FakeLanguageServer Renaming((string Path, int Line, int From, int To)[] places, string unit = "utf-16", Action? onAsked = null) => new()
    {
        Capabilities = $$"""{"renameProvider":{"prepareProvider":true},"positionEncoding":"{{unit}}"}""",
        OnAsked = (_, method, parameters) =>
        {
            onAsked?.Invoke();
            var changes = new JsonObject();
            foreach (var file in places.GroupBy(p => p.Path))
            {
                changes[$"file:///repo/{file.Key}"] = new JsonArray([.. file.Select(p => new JsonObject { ["range"] = LspJson.Of(new LspRange(new(p.Line, p.From), new(p.Line, p.To))), ["newText"] = parameters.String("newName") })]);
            }

            return method == "textDocument/rename" ? new JsonObject { ["changes"] = changes } : new JsonArray();
        },
    };

    /// <summary>Finds fault with the lines that say old or broken.</summary>
    private static FakeLanguageServer Finding(bool versions) => new()
    {
        OnTold = (server, method, parameters) =>
        {
            var document = parameters.Get("textDocument");
            if (method is "textDocument/didOpen" or "textDocument/didChange")
            {
                var text = document.String("text") ?? parameters.Get("contentChanges")[0].String("text")!;
                server.Publish(document.String("uri")!, versions ? document.Int("version") : null,
                    [.. text.Split('\n').Select((line, i) => (i, line)).Where(l => l.line is "old" or "broken")]);
            }
        },
    };
}
