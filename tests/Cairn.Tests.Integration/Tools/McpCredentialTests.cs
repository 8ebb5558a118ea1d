using System.Diagnostics;
using Cairn.Tests.Integration.EndToEnd;

namespace Cairn.Tests.Integration.Tools;

/// <summary>A server of the network that wants a credential: egress adds it, and nobody else ever has it.</summary>
public sealed class McpCredentialTests
{
    private const string Secret = "tok-5up3r-h1dd3n";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tools_resources_and_prompts_are_reached_with_a_credential_that_the_agent_never_sees()
    {
        await using var server = new McpMirror("Bearer " + Secret);
        using var scene = await Scene.NewAsync();
        var agent = await AgentAsync(scene, server, "network: [{host: 127.0.0.1, port: PORT, credential: {header: Authorization, prefix: 'Bearer ', env: MIRROR_TOKEN}}]");
        var model = scene.Model(
            "m",
            Script.Turn("Me.", Script.Call("mirror__whoami", new { })),
            Script.Turn("Read.", Script.Call("mirror__read_resource", new { uri = "mirror://of/them" })),
            Script.Turn("Prompt.", Script.Call("mirror__get_prompt", new { name = "greet", arguments = new { who = "Ann" } })),
            Script.Turn("Look.", Script.Shell("env; cat /proc/self/environ /proc/1/environ 2>/dev/null; true")),
            Script.Turn("Done.", Script.Complete()));
        scene.Environment["MIRROR_TOKEN"] = Secret;
        var result = await scene.RunAsync(model, "--agent", agent, "--merge", "never");
        result.Exits(0);
        var answers = await scene.ResultsAsync();
        const string Seen = "you sent Bearer ****************";
        Assert.Contains("tool: " + Seen, answers[0], StringComparison.Ordinal);
        Assert.Contains("mirror://of/them\nresource: " + Seen, answers[1], StringComparison.Ordinal);
        Assert.Contains("mirror://bytes [image/png", answers[1], StringComparison.Ordinal);
        Assert.Contains("prompt for Ann: " + Seen, answers[2], StringComparison.Ordinal);
        Assert.All(server.Requests, r => Assert.Equal("Bearer " + Secret, r.Credential));
        Assert.All(["tools/call", "resources/read", "prompts/get"], m => Assert.Single(server.Requests, r => r.Method == m));
        Assert.DoesNotContain(Secret, result.All, StringComparison.Ordinal);
        Assert.Equal(1, await GrepAsync(scene.State));
        Assert.All((await scene.EventsAsync()).OfType<ToolCallFinished>().Take(3), c => Assert.All(c.Network!.Value, n => Assert.Equal(NetworkAccess.Allowed, n.Verdict)));
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task Without_the_credential_the_server_is_not_reached_and_the_way_is_named()
    {
        await using var server = new McpMirror("Bearer " + Secret);
        using var scene = await Scene.NewAsync();
        var result = await scene.RunAsync(
            scene.Model("m", Script.Turn("Done.", Script.Complete())), "--agent", await AgentAsync(scene, server, "network: ['127.0.0.1:PORT']"), "--merge", "never");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("401", result.All, StringComparison.Ordinal);
        Assert.Contains("`credential`", result.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_that_forbids_the_secret_keeps_it_at_home()
    {
        await using var server = new McpMirror("Bearer " + Secret);
        using var scene = await Scene.NewAsync();
        var agent = await AgentAsync(scene, server, "network: [{host: 127.0.0.1, port: PORT, credential: {header: Authorization, prefix: 'Bearer ', env: MIRROR_TOKEN}}]");
        var policy = Path.Combine(scene.Root, "no-secrets.cedar");
        await File.WriteAllTextAsync(policy, "permit (principal, action, resource);\n@id(\"no-secrets\")\nforbid (principal, action == Action::\"secret.use\", resource);\n", Cancel);
        scene.Environment["MIRROR_TOKEN"] = Secret;
        var result = await scene.RunAsync(scene.Model("m", Script.Turn("Done.", Script.Complete())), "--agent", agent, "--merge", "never", "--policy", policy);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("no-secrets", result.All, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    private static async Task<string> AgentAsync(Scene scene, McpMirror server, string network)
    {
        var agent = Path.Combine(scene.Root, "agent.yaml");
        await File.WriteAllTextAsync(
            agent, $"name: a\nprompt: Work.\n{network.Replace("PORT", $"{server.Port}", StringComparison.Ordinal)}\nmcp:\n  mirror:\n    url: http://127.0.0.1:{server.Port}/mcp\n", Cancel);
        return agent;
    }

    /// <summary>As grep answers: 0 when the secret lies in some file, 1 when in none.</summary>
    private static async Task<int> GrepAsync(string directory)
    {
        using var grep = Process.Start("grep", ["-rqaF", Secret, directory]);
        await grep.WaitForExitAsync(Cancel);
        return grep.ExitCode;
    }
}
