using System.Text.Json;
using Cairn.Tools;

namespace Cairn.Tests.Tools;

public sealed class CallCheckTests
{
    private static readonly ToolRegistry Registry = new();
    private static readonly HashSet<string> All = ToolBench.AllNames(Registry);

    public static TheoryData<string> Names => [.. Registry.Tools.Select(t => t.Descriptor.Name)];

    [Fact]
    public void The_order_of_tools_is_fixed()
    {
        Assert.Equal(
            ["read_file", "write_file", "edit_file", "list_files", "search", "recall_code", "impact", "graph_query", "git_status", "git_diff", "git_log", "git_blame", "git_commit", "run_command", "shell_send", "shell_close", "todo", "scratchpad", "pin", "recall", "find_tools", "use_tool", "ask_human", "spawn_run", "ask_model", "complete"],
            Registry.Tools.Select(t => t.Descriptor.Name));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Schemas_are_strict_described_and_their_examples_are_right(string name)
    {
        var tool = (DriverTool)Registry.Find(name)!;
        Assert.Null(Registry.Check(name, tool.Example, All));
        Assert.NotEmpty(tool.Descriptor.Description);
        using var schema = JsonDocument.Parse(tool.Descriptor.Schema);
        AssertStrict(schema.RootElement);
    }

    [Theory]
    [InlineData("read_file", """{"path":"a","start_line":"1","end_line":null}""", "'start_line': must be an integer or null")]
    [InlineData("read_file", """{"path":"a","start_line":0,"end_line":null}""", "'start_line': must be at least 1")]
    [InlineData("read_file", """{"path":"a","start_line":99999999999999999999999999999999999999,"end_line":null}""", "start_line")]
    [InlineData("read_file", """{"path":"a","start_line":1e400,"end_line":null}""", "start_line")]
    [InlineData("read_file", """{"path":"a","start_line":1.5,"end_line":null}""", "'start_line': must be an integer or null")]
    [InlineData("read_file", """{"path":"a","end_line":null}""", "'start_line' is missing (an integer or null; give null for the default)")]
    [InlineData("read_file", """{"file":"a","path":"a","start_line":1,"end_line":null}""", "'file' is not an argument; there are: path, start_line, end_line")]
    [InlineData("read_file", """{"path":"a","startline":1,"start_line":1,"end_line":null}""", "did you mean 'start_line'?")]
    [InlineData("read_file", "[]", "must be an object")]
    [InlineData("read_file", "", "not valid JSON at line 1, byte 1")]
    [InlineData("read_file", "{\n  \"path\": a}", "not valid JSON at line 2, byte 11")]
    [InlineData("read_file", """{"path":"a","path":"b","start_line":1,"end_line":null}""", "not valid JSON")]
    [InlineData("read_file", """{'path':'a'}""", "not valid JSON")]
    [InlineData("read_file", """{"path":"\ud800","start_line":1,"end_line":null}""", "not valid Unicode")]
    [InlineData("complete", """{"summary":"x","outcome":"maybe"}""", "must be one of \"done\", \"cannot\"")]
    [InlineData("edit_file", """{"path":"a","version":"abc","edits":[]}""", "'version': must look like")]
    [InlineData("edit_file", """{"path":"a","version":"0123456789ab","edits":[]}""", "'edits': must have at least 1 item")]
    [InlineData("edit_file", """{"path":"a","version":"0123456789ab","edits":[{"old":"a","replace_all":false}]}""", "'new' is missing")]
    [InlineData("search", """{"pattern":"x","path":null,"glob":null,"case":"yes","context_lines":null,"max_results":null}""", "'case': must be one of")]
    public void A_wrong_call_is_answered_with_what_is_wrong_and_a_right_one(string tool, string arguments, string expected)
    {
        var problem = Registry.Check(tool, arguments, All);
        Assert.NotNull(problem);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.Contains("A right call: {", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_tool_is_answered_with_the_nearest_names()
    {
        var problem = Registry.Check("readfile", "{}", All);
        Assert.Contains("There is no tool named 'readfile'. Did you mean read_file", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tool_that_is_not_allowed_is_answered_with_those_that_are()
    {
        var problem = Registry.Check("run_command", "{}", new HashSet<string> { "search", "read_file" });
        Assert.Equal("The tool run_command is not allowed in this run. You may call: read_file, search.", problem);
    }

    [Fact]
    public void Two_tools_of_one_name_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new ToolRegistry(Registry.Find("search")!));
    }

    [Fact]
    public async Task Ask_human_never_reaches_a_driver()
    {
        var bench = new ToolBench(new Sandbox.InMemoryWorkspace());
        await Assert.ThrowsAsync<InvalidOperationException>(() => bench.Call("ask_human", new { question = "?", options = Array.Empty<string>() }));
    }

    [Theory]
    [InlineData("done", ToolSignal.Complete)]
    [InlineData("cannot", ToolSignal.GiveUp)]
    public async Task Complete_signals_the_end(string outcome, ToolSignal signal)
    {
        var bench = new ToolBench(new Sandbox.InMemoryWorkspace());
        Assert.Equal(signal, (await bench.Call("complete", new { summary = "s", outcome })).Signal);
    }

    private static void AssertStrict(JsonElement schema)
    {
        if (schema.TryGetProperty("properties", out var properties))
        {
            Assert.False(schema.GetProperty("additionalProperties").GetBoolean());
            Assert.Equal(properties.EnumerateObject().Select(p => p.Name), schema.GetProperty("required").EnumerateArray().Select(r => r.GetString()));
            Assert.All(properties.EnumerateObject(), p => AssertStrict(p.Value));
        }

        if (schema.TryGetProperty("items", out var items))
        {
            AssertStrict(items);
        }
    }
}
