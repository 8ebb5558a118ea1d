using System.Text.Json.Nodes;
using Cairn.Tests.Integration.EndToEnd;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Tools.Lsp;

public sealed class LanguageRunTests
{
    private const string Main = "#include \"lib.h\"\nint main(void) { return twice(21); }\n";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_over_code_has_its_language_servers_on_record_and_its_agent_is_told_what_an_edit_broke()
    {
        var (scene, agent, mark) = await SceneAsync();
        using var own = scene;
        var tools = (await scene.JsonAsync("tools", "--agent", agent, "--repo", scene.Repository)).AsArray();
        Assert.Equal("language-server", (string?)tools.Single(t => (string?)t!["name"] == "rename_symbol")!["source"]);
        var model = scene.Model(
            "m",
            Script.Turn("Who uses it?", References()),
            Script.Expecting(Script.Turn("Break it.", Script.Edit("main.c", Main, "twice(21)", "thrice(21)")), "main.c:2: [", "lib.c:2: ["),
            Script.Expecting(Script.Turn("Done.", Script.Complete()), "New problems since this edit, by clangd", "thrice"));
        var result = await scene.RunAsync(model, "--agent", agent, "--merge", "never");
        result.Exits(0);
        var events = await scene.EventsAsync();
        Assert.Contains(events.OfType<RunStarted>().Single().Devices!.Languages!.Value, s => s.Name == "clangd" && s.Command.Contains(mark));
        Assert.Contains(events.OfType<ToolCallFinished>().First().Context!.Files, f => f.Path == "main.c");
        await scene.VerifiedAsync();
        await Scene.NobodyRunsAsync(mark);
    }

    [Fact]
    public async Task Servers_do_not_outlive_a_cairn_that_is_killed_and_a_resumed_run_starts_its_own()
    {
        var (scene, agent, mark) = await SceneAsync();
        using var own = scene;
        var model = scene.Model("m", Script.Turn("Who?", References()), Script.Turn("Wait.", Script.Shell("test -e done || sleep 2; touch done")), Script.Turn("Who?", References()), Script.Turn("Done.", Script.Complete()));
        var ran = false;
        using (var child = scene.Start(
            (c, line, _) =>
            {
                if (line.Contains("\"type\":\"tool.finished\"", StringComparison.Ordinal))
                {
                    ran = Scene.Running(mark).Count > 0;
                    c.Kill();
                }
            },
            [.. scene.RunArguments(model, "--agent", agent, "--merge", "never"), "--json"]))
        {
            Assert.Equal(137, (await child.EndAsync(Cancel)).ExitCode);
        }

        Assert.True(ran);
        await Scene.NobodyRunsAsync(mark);
        (await scene.CairnAsync("resume", "last")).Exits(0);
        Assert.Equal(2, (await scene.ResultsAsync()).Count(r => r.Contains("main.c:2: [", StringComparison.Ordinal)));
        await Scene.NobodyRunsAsync(mark);
    }

    private static JsonObject References() =>
        Script.Call("find_references", new { symbol = "twice", path = "lib.c", line = (int?)null, context_lines = 0, max_results = (int?)null });

    private static async Task<(Scene Scene, string Agent, string Mark)> SceneAsync()
    {
        await HostPackages.RequireAsync([("clangd", "clangd")], Cancel);
        var scene = await Scene.NewAsync(("lib.h", "int twice(int n);\n"), ("lib.c", "#include \"lib.h\"\nint twice(int n) { return 2 * n; }\n"), ("main.c", Main));

        // A directory that is not there, of no meaning but to tell this server from those of other tests.
        var mark = $"--compile-commands-dir=/{Path.GetFileName(scene.Root)}";
        var agent = Path.Combine(scene.Root, "agent.yaml");
        await File.WriteAllTextAsync(
            agent, $$"""
            name: a
            prompt: Work.
            language_servers:
              clangd:
                command: [clangd, --background-index=false, --log=error, "{{mark}}"]
                files: {.c: c, .h: c}
                per_file: true
            """,
            Cancel);
        return (scene, agent, mark);
    }
}
