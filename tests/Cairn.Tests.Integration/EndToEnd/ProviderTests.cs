using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Tests.Integration.Models;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>Whole runs against servers that speak the providers' wire formats, on the loopback.</summary>
public sealed class ProviderTests
{
    private const string Key = "sk-test-0123456789abcdefSECRET";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Providers => ["openai:gpt-4.1", "anthropic:claude-sonnet-4-5"];

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_whole_run_streams_calls_tools_in_parallel_survives_faults_and_shows_usage_and_cost(string model)
    {
        await using var server = await FakeServer.StartAsync();
        using var scene = await SceneAsync(server);
        server.MayCut.SetResult();
        var first = Answer(model, new()
        {
            Text = ["I look ", "at both."],
            Calls = [Call("a", "read_file", new { path = "code.txt", start_line = (int?)null, end_line = (int?)null }), Call("b", "read_file", new { path = "readme.txt", start_line = (int?)null, end_line = (int?)null })],
            Finish = FinishReason.ToolCalls,
            Usage = new(1000, 50),
        });
        server.Enqueue(FakeReply.Json(429, Error("rate_limit_error", "slow down")));
        server.Enqueue(FakeReply.Json(500, Error("api_error", "oops")));
        server.Enqueue(new FakeReply(first[..(first.Length / 2)]) { End = FakeEnd.Cut });
        server.Enqueue(new FakeReply(first) { PieceBytes = 37 });
        server.Enqueue(new FakeReply(Answer(model, new() { Calls = [Call("c", "run_command", new { command = "echo done > out.txt", directory = (string?)null, timeout_seconds = 30 })], Finish = FinishReason.ToolCalls, Usage = new(2000, 60) })));
        server.Enqueue(new FakeReply(Answer(model, new() { Text = ["Fine."], Calls = [Call("d", "complete", new { summary = "it is done", outcome = "done" })], Finish = FinishReason.ToolCalls, Usage = new(3000, 70) })));
        var run = (await scene.RunAsync(model, "--merge", "auto")).Exits(0).Says("I look at both.", "attempt 4", "6000 tokens in", "180 out", "USD", "merged");
        Assert.DoesNotContain("price unknown", run.All, StringComparison.Ordinal);
        var summary = await scene.SummaryAsync();
        Assert.True(summary.Usd > 0);
        Assert.False(summary.Recorded);
        Assert.Equal("done\n", await File.ReadAllTextAsync(scene.In("out.txt"), Cancel));

        // Both answers of the parallel calls came back to the model, with their ids.
        var asked = server.Requests.Where(r => r.Body.Length > 0).ToList();
        Assert.Equal(6, asked.Count);
        Assert.Contains("hello", asked[4].Body, StringComparison.Ordinal);
        Assert.All(asked, r => Assert.Contains(Key, r.Headers.GetValueOrDefault("x-api-key") ?? r.Headers.GetValueOrDefault("authorization") ?? "", StringComparison.Ordinal));
        await scene.VerifiedAsync();
        NoKey(scene, run);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_wrong_key_ends_the_run_at_once_and_names_the_variable(string model)
    {
        await using var server = await FakeServer.StartAsync();
        using var scene = await SceneAsync(server);
        server.Enqueue(FakeReply.Json(401, Error("authentication_error", $"invalid key {Key}")));
        var run = (await scene.RunAsync(model)).Exits(1).Says(model.StartsWith("openai", StringComparison.Ordinal) ? "OPENAI_API_KEY" : "ANTHROPIC_API_KEY");
        Assert.Single(server.Requests, r => r.Body.Length > 0);
        NoKey(scene, run);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_unknown_model_ends_the_run_at_once_and_is_named(string model)
    {
        await using var server = await FakeServer.StartAsync();
        using var scene = await SceneAsync(server);
        server.Enqueue(FakeReply.Json(404, Error("not_found_error", "no such model")));
        var run = (await scene.RunAsync(model)).Exits(1).Says(model.Split(':')[1]);
        NoKey(scene, run);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_prompt_that_the_provider_refuses_as_too_long_is_asked_again_shorter_and_the_agent_never_learns_of_it(string model)
    {
        await using var server = await FakeServer.StartAsync();
        using var scene = await SceneAsync(server);
        scene.Put("big.txt", string.Join('\n', Enumerable.Range(0, 1_500).Select(i => $"line {i} of a long text that fills the prompt up")));
        server.Enqueue(new FakeReply(Answer(model, new() { Calls = [Call("a", "read_file", new { path = "big.txt", start_line = (int?)null, end_line = (int?)null })], Finish = FinishReason.ToolCalls, Usage = new(1000, 50) })));
        var refusal = model.StartsWith("openai", StringComparison.Ordinal)
            ? "This model's maximum context length is 16000 tokens. However, your messages resulted in 33000 tokens."
            : "prompt is too long: 33000 tokens > 16000 maximum";
        server.Enqueue(FakeReply.Json(400, Error("invalid_request_error", refusal)));
        server.Enqueue(new FakeReply(Answer(model, new() { Calls = [Call("b", "read_file", new { path = "code.txt", start_line = (int?)null, end_line = (int?)null })], Finish = FinishReason.ToolCalls, Usage = new(1000, 50) })));
        server.Enqueue(new FakeReply(Answer(model, new() { Calls = [Call("c", "complete", new { summary = "it is done", outcome = "done" })], Finish = FinishReason.ToolCalls, Usage = new(1000, 70) })));
        (await scene.RunAsync(model)).Exits(0);
        var asked = server.Requests.Where(r => r.Body.Length > 0).Select(r => r.Body).ToList();
        Assert.Equal(4, asked.Count);
        Assert.True(asked[2].Length < asked[1].Length * 0.75, $"{asked[1].Length} and then {asked[2].Length} bytes");
        Assert.All(asked, body => Assert.DoesNotContain("33000", body, StringComparison.Ordinal));
        Assert.Contains("recall", asked[2], StringComparison.Ordinal);
        var events = await scene.EventsAsync();
        var refused = Assert.Single(events.OfType<ModelCallFailed>());
        Assert.Equal(ModelErrorKind.TooLong, refused.Kind);
        var again = Assert.IsType<ModelCallStarted>(events[events.IndexOf(refused) + 1]);
        Assert.True(again is { Attempt: 2, Context.After: > 0 } && again.Step == refused.Step, "it was not made shorter");
        (await scene.CairnAsync("context", "last")).Exits(0).Says("the provider refused the prompt as too long");
        await scene.VerifiedAsync();
    }

    private static async Task<Scene> SceneAsync(FakeServer server)
    {
        var scene = await Scene.NewAsync();
        scene.Environment["OPENAI_BASE_URL"] = new Uri(server.Address, "v1").ToString();
        scene.Environment["ANTHROPIC_BASE_URL"] = server.Address.ToString();
        scene.Environment["OPENAI_API_KEY"] = Key;
        scene.Environment["ANTHROPIC_API_KEY"] = Key;
        return scene;
    }

    /// <summary>The key is in no file of the state directory and in nothing that was printed.</summary>
    private static void NoKey(Scene scene, CairnResult run)
    {
        Assert.DoesNotContain(Key, run.All, StringComparison.Ordinal);
        foreach (var file in Directory.EnumerateFiles(scene.State, "*", SearchOption.AllDirectories))
        {
            Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf("0123456789abcdefSECRET"u8) < 0, $"The key is in {file}.");
        }
    }

    private static string Answer(string model, FakeAnswer answer) =>
        model.StartsWith("openai", StringComparison.Ordinal) ? OpenAiConformanceTests.WireOf(answer) : AnthropicConformanceTests.WireOf(answer);

    private static FakeCall Call(string id, string tool, object arguments)
    {
        var json = JsonSerializer.Serialize(arguments);
        return new(id, tool, json[..(json.Length / 2)], json[(json.Length / 2)..]);
    }

    private static string Error(string type, string message) => new JsonObject
    {
        ["type"] = "error",
        ["error"] = new JsonObject { ["message"] = message, ["type"] = type, ["param"] = null, ["code"] = null },
    }.ToJsonString();
}
