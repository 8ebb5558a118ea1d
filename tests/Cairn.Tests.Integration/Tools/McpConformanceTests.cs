using System.Text.Json.Nodes;
using Cairn.Tests.Integration.EndToEnd;

namespace Cairn.Tests.Integration.Tools;

/// <summary>
/// The protocol's own conformance suite judges our client, as runs use it: `cairn run` with an agent that names the suite's server.
/// Its scenarios of OAuth and of questions to the user (elicitation) are not among them: neither is spoken.
/// </summary>
public sealed class McpConformanceTests
{
    [Fact]
    public async Task The_handshake_is_as_the_protocol_wants_it()
    {
        var result = await JudgedAsync("initialize", [Script.Turn("Done.", Script.Complete())], judged => Assert.Contains(judged, c => c is ("mcp-client-initialization", "SUCCESS", _)));
        Assert.Contains("offers nothing that can be used", result.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tools_are_listed_and_called()
    {
        JsonObject[] turns = [Script.Turn("Add.", Script.Call("far__add_numbers", new { a = 20, b = 22 })), Script.Expecting(Script.Turn("Done.", Script.Complete()), "The sum of 20 and 22 is 42")];
        (await JudgedAsync("tools_call", turns, judged => Assert.Equal([("tool-add-numbers", "SUCCESS", "")], judged))).Exits(0);
    }

    [Fact]
    public async Task An_answer_whose_stream_ends_early_is_fetched_after_the_time_that_the_server_asks_for()
    {
        JsonObject[] turns = [Script.Turn("Wait.", Script.Call("far__test_reconnection", new { })), Script.Expecting(Script.Turn("Done.", Script.Complete()), "Reconnection test completed")];
        (await JudgedAsync("sse-retry", turns, judged =>
        {
            Assert.Contains(judged, c => c is ("client-sse-graceful-reconnect", "SUCCESS", _));
            Assert.Contains(judged, c => c is ("client-sse-last-event-id", "SUCCESS", _));

            // Too late is a matter of the machine's load, too early one of ours.
            Assert.DoesNotContain(judged, c => c is ("client-sse-retry-timing", "FAILURE", _) && c.Why.Contains("too early", StringComparison.Ordinal));
        })).Exits(0);
    }

    [Fact]
    public async Task A_server_that_asks_the_user_something_gets_no_answer_and_the_call_ends_in_its_time()
    {
        // Nobody is asked, so nobody may be said to have accepted, whatever defaults the server has.
        JsonObject[] turns = [Script.Turn("Ask.", Script.Call("far__test_client_elicitation_defaults", new { })), Script.Expecting(Script.Turn("Done.", Script.Complete()), "did not answer within 2 s")];
        (await JudgedAsync("elicitation-sep1034-client-defaults", turns, judged => Assert.DoesNotContain(judged, c => c.Status == "SUCCESS"), seconds: 2)).Exits(0);
    }

    [Fact]
    public async Task A_server_that_wants_an_OAuth_login_is_not_reached_and_the_way_is_named()
    {
        var result = await JudgedAsync("auth/metadata-default", [Script.Turn("Done.", Script.Complete())], _ => { });
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("401", result.All, StringComparison.Ordinal);
        Assert.Contains("`credential`", result.All, StringComparison.Ordinal);
    }

    private static async Task<CairnResult> JudgedAsync(string scenario, JsonObject[] turns, Action<List<(string Id, string Status, string Why)>> judged, int seconds = 30)
    {
        using var scene = await Scene.NewAsync();
        using var referee = await McpReferee.StartAsync(scenario);
        var agent = Path.Combine(scene.Root, "agent.yaml");
        await File.WriteAllTextAsync(
            agent, $"name: a\nprompt: Work.\nnetwork: ['localhost:{referee.Url.Port}']\nmcp:\n  far:\n    url: {referee.Url}\n    timeout_seconds: {seconds}\n", TestContext.Current.CancellationToken);
        var result = await scene.RunAsync(scene.Model("m", turns), "--agent", agent, "--merge", "never");
        judged(await referee.JudgeAsync());
        return result;
    }
}
