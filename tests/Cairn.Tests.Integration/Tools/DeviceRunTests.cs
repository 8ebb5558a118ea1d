using System.Text.Json.Nodes;
using Cairn.Tests.Integration.Egress;
using Cairn.Tests.Integration.EndToEnd;

namespace Cairn.Tests.Integration.Tools;

/// <summary>Tools of a user's own, and the network, in whole runs.</summary>
public sealed class DeviceRunTests
{
    private const string Manifest = """
        {
          "name": "shout", "description": "Shouts a text into a file.", "effect": "sandboxed", "command": ["/usr/bin/python3", "{dir}/shout.py"],
          "schema": {"type": "object", "additionalProperties": false, "required": ["text"], "properties": {"text": {"type": "string"}}}
        }
        """;

    private const string Program = """
        import json, sys
        text = json.load(sys.stdin)["text"].upper()
        if text == "FAIL": sys.exit("cannot shout that")
        open("shout.txt", "w").write(text)
        print("shouted", text)
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_executable_with_a_manifest_is_a_tool_in_the_sandbox_whose_changes_are_the_runs()
    {
        using var scene = await Scene.NewAsync();
        var home = Directory.CreateDirectory(Path.Combine(scene.Root, "mine")).FullName;
        await File.WriteAllTextAsync(Path.Combine(home, "shout.json"), Manifest, Cancel);
        await File.WriteAllTextAsync(Path.Combine(home, "shout.py"), Program, Cancel);
        var agent = Path.Combine(scene.Root, "agent.yaml");
        await File.WriteAllTextAsync(agent, "name: a\nprompt: Work.\ntools: [read_file, mine/shout.json]\n", Cancel);
        var tools = (await scene.JsonAsync("tools", "--agent", agent, "--repo", scene.Repository)).AsArray();
        Assert.Equal("Sandboxed", (string?)Assert.Single(tools, t => (string?)t!["name"] == "shout")!["effect"]);
        var model = scene.Model(
            "m",
            Script.Turn("No.", Script.Call("shout", new { text = 1 })),
            Script.Expecting(Script.Turn("Bad.", Script.Call("shout", new { text = "fail" })), "was not executed"),
            Script.Expecting(Script.Turn("Good.", Script.Call("shout", new { text = "hey" })), "cannot shout that"),
            Script.Turn("Done.", Script.Complete()));
        (await scene.RunAsync(model, "--agent", agent, "--merge", "auto")).Exits(0);
        Assert.Equal("HEY", await File.ReadAllTextAsync(scene.In("shout.txt"), Cancel));
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task The_tools_of_a_repository_count_only_when_the_user_says_so()
    {
        using var scene = await Scene.NewAsync((".cairn/tools/shout.json", Manifest), (".cairn/tools/shout.py", Program));
        var model = scene.Model("m", Script.Turn("Good.", Script.Call("shout", new { text = "hey" })), Script.Turn("Done.", Script.Complete()));
        (await scene.RunAsync(model, "--merge", "never")).Exits(0);
        Assert.DoesNotContain((await scene.EventsAsync()).OfType<ToolCallStarted>(), c => c.Tool == "shout");
        (await scene.RunAsync(model, "--merge", "never", "--allow-repo-tools")).Exits(0);
        Assert.Contains("shouted HEY", (await scene.ResultsAsync())[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_run_asked_of_the_network_is_written_down_at_its_calls()
    {
        await using var server = new PlainServer();
        using var scene = await Scene.NewAsync();
        var url = $"http://127.0.0.1:{server.Port}/";
        var model = scene.Model(
            "m",
            Script.Turn("Out.", Script.Shell($"curl -sS --noproxy '' --max-time 20 {url}; curl -sS --max-time 20 http://elsewhere.example/")),
            Script.Turn("Page.", Script.Call("web_fetch", new { url, max_chars = (int?)null })),
            Script.Turn("No.", Script.Call("web_fetch", new { url = "http://169.254.169.254/latest", max_chars = (int?)null })),
            Script.Turn("Done.", Script.Complete()));
        (await scene.RunAsync(model, "--merge", "never", "--allow-net", $"127.0.0.1:{server.Port}")).Exits(0);
        var calls = (await scene.EventsAsync()).OfType<ToolCallFinished>().ToList();
        Assert.Equal([("127.0.0.1", "allowed"), ("elsewhere.example", "elsewhere.example:80 is not allowed: no rule opens it")], calls[0].Network!.Value.Select(n => (n.Host, n.Verdict)));
        Assert.Equal(NetworkAccess.Allowed, Assert.Single(calls[1].Network!.Value).Verdict);
        Assert.Equal(ToolStatus.Denied, calls[2].Status);
        Assert.Contains("untrusted text of the page", (await scene.ResultsAsync())[1], StringComparison.Ordinal);
        Assert.Equal(EffectClass.ExternalUnkeyed, (await scene.EventsAsync()).OfType<ToolCallStarted>().First().Effect);
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task A_redirect_to_a_private_address_is_refused()
    {
        await using var secret = new PlainServer();
        await using var server = new PlainServer(_ => PlainServer.Redirect($"http://127.0.0.1:{secret.Port}/secret"));
        using var scene = await Scene.NewAsync();
        var model = scene.Model(
            "m", Script.Turn("Page.", Script.Call("web_fetch", new { url = $"http://127.0.0.1:{server.Port}/", max_chars = (int?)null })), Script.Turn("Done.", Script.Complete()));
        (await scene.RunAsync(model, "--merge", "never", "--allow-net", $"127.0.0.1:{server.Port}")).Exits(0);
        var call = (await scene.EventsAsync()).OfType<ToolCallFinished>().First();
        Assert.Equal(ToolStatus.Denied, call.Status);
        Assert.Equal([true, false], call.Network!.Value.Select(n => n.Verdict == NetworkAccess.Allowed));
        Assert.Empty(secret.Requests);
    }

    [Fact]
    public async Task A_policy_must_permit_the_host_too()
    {
        await using var server = new PlainServer();
        using var scene = await Scene.NewAsync();
        var policy = Path.Combine(scene.Root, "p.cedar");
        await File.WriteAllTextAsync(policy, """
            permit (principal, action, resource);
            @id("only-get") forbid (principal, action == Action::"net.connect", resource) unless { context.method == "GET" };
            """, Cancel);
        var url = $"http://127.0.0.1:{server.Port}/";
        var model = scene.Model(
            "m", Script.Turn("Out.", Script.Shell($"curl -sS --noproxy '' --max-time 20 {url}; curl -sS --noproxy '' --max-time 20 -d x {url}")), Script.Turn("Done.", Script.Complete()));
        (await scene.RunAsync(model, "--merge", "never", "--allow-net", $"127.0.0.1:{server.Port}", "--policy", policy)).Exits(0);
        var answer = (await scene.ResultsAsync())[0];
        Assert.Contains("hello from outside", answer, StringComparison.Ordinal);
        Assert.Contains("only-get", answer, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Cairn_tools_lists_effect_permissions_limits_and_cost()
    {
        using var scene = await Scene.NewAsync();
        (await scene.CairnAsync("tools")).Exits(0).Says("run_command");
        var tools = (await scene.JsonAsync("tools", "--allow-net", "docs.example.com", "--repo", scene.Repository)).AsArray();
        JsonNode Find(string name) => Assert.Single(tools, t => (string?)t!["name"] == name)!;
        Assert.Equal("ExternalUnkeyed", (string?)Find("run_command")["effect"]);
        Assert.Equal("""["tool.call","net.connect"]""", Find("web_fetch")["capabilities"]!.ToJsonString());
        Assert.Equal("""["tool.call","fs.read"]""", Find("read_file")["capabilities"]!.ToJsonString());
        Assert.Equal("object", (string?)Find("read_file")["schema"]!["type"]);
    }
}
