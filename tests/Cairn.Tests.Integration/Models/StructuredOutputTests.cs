using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Cairn.Host;
using Cairn.Models;
using Cairn.Sdk;
using Cairn.Tests.Integration.Gateway;

namespace Cairn.Tests.Integration.Models;

/// <summary>A code agent that asks models for values, over the real wire formats of scripted providers.</summary>
public sealed class StructuredOutputTests : IAsyncDisposable
{
    private const string Good = """{"flaky":true,"tests":["a","b"],"reason":null}""";
    private static readonly JsonTypeInfo<Verdict> VerdictType = (JsonTypeInfo<Verdict>)JsonSerializerOptions.Web.GetTypeInfo(typeof(Verdict));
    private readonly string _home = Directory.CreateTempSubdirectory("cairn-ask-").FullName;
    private FakeServer _provider = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(WireFormat.Chat)]
    [InlineData(WireFormat.Responses)]
    [InlineData(WireFormat.Messages)]
    public async Task A_value_is_asked_for_with_its_schema_checked_repaired_and_paid_for(WireFormat format)
    {
        _provider = await FakeServer.StartAsync();
        if (format == WireFormat.Responses)
        {
            _provider.Enqueue(FakeReply.Json(404, """{"error":{"message":"This model is only supported in v1/responses and not in v1/chat/completions.","type":"invalid_request_error"}}"""));
        }

        _provider.Enqueue(Reply(format, """{"flaky":"perhaps","tests":["a"]}"""));
        _provider.Enqueue(Reply(format, $"```json\n{Good}\n```"));
        Answer<Verdict> answer = null!;
        var run = await RunAsync(format, async runtime => answer = await runtime.AskModelAsync("Which tests are flaky?", VerdictType, Now));
        Assert.Equal("succeeded", run.Status);
        Assert.Equal(["a", "b"], answer.OrStop().Tests);
        Assert.Equal((true, null), (answer.Value!.Flaky, answer.Value.Reason));
        var asked = _provider.Requests.TakeLast(2).ToList();
        foreach (var request in asked)
        {
            var schema = SchemaIn(format, request.Json);
            Assert.Equal(["flaky", "tests", "reason"], schema["required"]!.AsArray().Select(n => (string)n!));
            Assert.False((bool)schema["additionalProperties"]!);
        }

        Assert.Contains("reason: property required", asked[1].Body, StringComparison.Ordinal);
        Assert.Contains("flaky: boolean expected", asked[1].Body, StringComparison.Ordinal);
        Assert.Contains("perhaps", asked[1].Body, StringComparison.Ordinal);
        Assert.Equal(240, run.Usage.Total);
    }

    [Fact]
    public async Task An_answer_that_never_fits_fails_after_the_allowed_attempts_and_says_why()
    {
        _provider = await FakeServer.StartAsync();
        _provider.Otherwise = _ => Reply(WireFormat.Chat, "I think so.");
        Answer<AskData> answer = null!;
        var run = await RunAsync(WireFormat.Chat, async runtime => answer = await runtime.AskModelAsync(
            new("Well?", Schema: """{"type":"object","properties":{"yes":{"type":"boolean"}},"required":["yes"]}""", Attempts: 2), Now));
        Assert.Equal(SyscallStatus.Failed, answer.Status);
        Assert.StartsWith("None of 2 answers of compatible:test-model fits the schema; of the last one: it is not JSON", answer.Text, StringComparison.Ordinal);
        Assert.Equal(2, _provider.Requests.Count);
        Assert.Equal(240, run.Usage.Total);
        Assert.False((bool)_provider.Requests.First().Json["response_format"]!["json_schema"]!["strict"]!);
    }

    [Theory]
    [InlineData(WireFormat.Chat, "'response_format' of type 'json_schema' is not supported with this model.")]
    [InlineData(WireFormat.Messages, "output_config: Extra inputs are not permitted")]
    public async Task A_model_that_knows_no_schemas_is_asked_without_and_its_answer_is_checked_all_the_same(WireFormat format, string refusal)
    {
        _provider = await FakeServer.StartAsync();
        _provider.Enqueue(FakeReply.Json(400, $$$"""{"type":"error","error":{"message":"{{{refusal}}}","type":"invalid_request_error"}}"""));
        _provider.Enqueue(Reply(format, "{}"));
        _provider.Enqueue(Reply(format, Good));
        Answer<Verdict> answer = null!;
        await RunAsync(format, async runtime => answer = await runtime.AskModelAsync("Which?", VerdictType, Now));
        Assert.True(answer.IsOk, answer.Text);
        var asked = _provider.Requests.ToList();
        Assert.Equal(3, asked.Count);
        Assert.All(asked.Skip(1), r => Assert.Null(SchemaAt(format, r.Json)));
        Assert.All(asked, r => Assert.Contains("fits this JSON Schema", r.Body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_question_beyond_the_budget_is_not_asked_and_ends_the_run()
    {
        _provider = await FakeServer.StartAsync();
        _provider.Enqueue(Reply(WireFormat.Chat, Good));
        Answer<AskData> second = null!;
        var run = await RunAsync(
            WireFormat.Chat,
            async runtime =>
            {
                (await runtime.AskModelAsync(new("First?", MaxOutputTokens: 100), Now)).OrStop();
                second = await runtime.AskModelAsync(new("Second?", MaxOutputTokens: 100), Now);
            },
            budget: 200);
        Assert.Equal("over budget", run.Status);
        Assert.Single(_provider.Requests);
        Assert.Null(second);
    }

    [Theory]
    [InlineData("""{"type":"array"}""", "type must be \"object\"")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"file:///etc/passwd"}}}""", "refers to")]
    [InlineData("{", "cannot be read")]
    public async Task A_schema_that_cannot_be_used_is_told_before_anybody_is_asked(string schema, string says)
    {
        _provider = await FakeServer.StartAsync();
        Answer<AskData> answer = null!;
        await RunAsync(WireFormat.Chat, async runtime => answer = await runtime.AskModelAsync(new("Well?", Schema: schema), Now));
        Assert.Equal(SyscallStatus.Failed, answer.Status);
        Assert.Contains(says, answer.Text, StringComparison.Ordinal);
        Assert.Empty(_provider.Requests);
    }

    public async ValueTask DisposeAsync()
    {
        await _provider.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }

    private static FakeReply Reply(WireFormat format, string text) => new(GatewayFixture.Wire(format, new() { Text = [text] }));

    private static JsonNode SchemaIn(WireFormat format, JsonObject request) => SchemaAt(format, request)!;

    private static JsonNode? SchemaAt(WireFormat format, JsonObject request) => format switch
    {
        WireFormat.Chat => request["response_format"]?["json_schema"]?["schema"],
        WireFormat.Responses => request["text"]?["format"]?["schema"],
        _ => request["output_config"]?["format"]?["schema"],
    };

    private async Task<RunSummary> RunAsync(WireFormat format, Func<AgentRuntime, Task> work, long? budget = null)
    {
        var environment = new Dictionary<string, string>
        {
            ["OPENAI_API_KEY"] = "sk-test",
            ["OPENAI_BASE_URL"] = new Uri(_provider.Address, "v1").ToString(),
            ["ANTHROPIC_API_KEY"] = "sk-test",
            ["ANTHROPIC_BASE_URL"] = _provider.Address.ToString(),
            ["CAIRN_BASE_URL"] = new Uri(_provider.Address, "v1").ToString(),
        };
        var repository = Directory.CreateDirectory(Path.Combine(_home, "repo", ".git")).Parent!.FullName;
        await using var cairn = CairnHost.Open(new HostOptions(Path.Combine(_home, "state"), new Nobody(), environment.GetValueOrDefault));
        var agent = new Asker(work);
        var start = new StartRun { Task = "ask", Repository = repository, Model = GatewayFixture.ModelOf(format), Merge = MergeMode.Never, BudgetTokens = budget };
        var summary = await cairn.DriveAsync(await cairn.StartAsync(start, agent, Now), agent, NoObserver.Instance, Now);
        var replay = await cairn.VerifyAsync(summary.Id, Now);
        Assert.True(replay.Passed, replay.Difference);
        return summary;
    }

    private sealed record Verdict(bool Flaky, string[] Tests, string? Reason);

    private sealed class Asker(Func<AgentRuntime, Task> work) : CodeAgent
    {
        public override string Name => "asker";

        protected override async Task<AgentResult> WorkAsync(AgentRuntime runtime, CancellationToken cancellationToken)
        {
            await work(runtime);
            return new(true, "asked");
        }
    }

    private sealed class Nobody : IHuman
    {
        public Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken) => Task.FromResult<string?>(null);
    }
}
