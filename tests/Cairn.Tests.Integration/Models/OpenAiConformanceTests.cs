using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cairn.Tests.Integration.Models;

public sealed class OpenAiConformanceTests : WireConformance
{
    private protected override string Id => "openai:test-model";

    private protected override string KeyVariable => "OPENAI_API_KEY";

    private protected override string TooLongMessage => "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.";

    private protected override Dictionary<string, string> Environment(Uri server) =>
        new() { ["OPENAI_API_KEY"] = Key, ["OPENAI_BASE_URL"] = new Uri(server, "v1").ToString() };

    private protected override string ErrorBody(string type, string message, string? code = null) => new JsonObject
    {
        ["error"] = new JsonObject { ["message"] = message, ["type"] = type, ["param"] = null, ["code"] = code },
    }.ToJsonString();

    private protected override string Wire(FakeAnswer answer) => WireOf(answer);

    internal static string WireOf(FakeAnswer answer)
    {
        var wire = new StringBuilder();
        Chunk(wire, """{"role":"assistant","content":"","refusal":null}""");
        foreach (var text in answer.Text)
        {
            Chunk(wire, $$"""{"content":{{JsonSerializer.Serialize(text)}}}""");
        }

        for (var i = 0; i < answer.Calls.Length; i++)
        {
            var call = answer.Calls[i];
            Chunk(wire, $$$"""{"tool_calls":[{"index":{{{i}}},"id":"{{{call.Id}}}","type":"function","function":{"name":"{{{call.Name}}}","arguments":""}}]}""");
            foreach (var fragment in call.Fragments)
            {
                Chunk(wire, $$$"""{"tool_calls":[{"index":{{{i}}},"function":{"arguments":{{{JsonSerializer.Serialize(fragment)}}} }}]}""");
            }
        }

        Chunk(wire, "{}", answer.Finish switch
        {
            FinishReason.Stop => "stop",
            FinishReason.ToolCalls => "tool_calls",
            FinishReason.Length => "length",
            _ => "content_filter",
        });
        var usage = answer.Usage;
        Event(wire, $$$"""{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1790000000,"model":"test-model-2026","system_fingerprint":null,"choices":[],"usage":{"prompt_tokens":{{{usage.InputTokens}}},"completion_tokens":{{{usage.OutputTokens}}},"total_tokens":{{{usage.Total}}},"prompt_tokens_details":{"cached_tokens":{{{usage.CachedInputTokens}}},"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0} } }""");
        Event(wire, "[DONE]");
        return wire.ToString();
    }

    private protected override string HalfCall()
    {
        var wire = new StringBuilder();
        Chunk(wire, """{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"x","type":"function","function":{"name":"read_file","arguments":""}}]}""");
        Chunk(wire, """{"tool_calls":[{"index":0,"function":{"arguments":"{\"path\":\"a"}}]}""");
        return wire.ToString();
    }

    [Fact]
    public async Task The_request_is_what_the_interface_documents()
    {
        var model = await AnsweringAsync(new() { Text = ["Hi"] });
        var question = Question(
            new(ChatRole.User, "Do it."),
            new(ChatRole.Assistant, "I read.") { ToolCalls = [new("c1", "read_file", """{"path":"a"}"""), new("c2", "read_file", "{broken")] },
            new(ChatRole.Tool, "content of a") { ToolCallId = "c1" },
            new(ChatRole.Tool, "invalid arguments") { ToolCallId = "c2", IsError = true }) with { Temperature = 0, Seed = 7, TopP = 0.5 };
        Assert.NotNull((await model.AskAsync(question, null, Now)).Response);

        var request = Server.Requests.Single();
        Assert.Equal("/v1/chat/completions", request.Path);
        Assert.Equal($"Bearer {Key}", request.Headers["authorization"]);
        AssertJson(
            """
            {"model":"test-model","stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":1000,
             "temperature":0,"top_p":0.5,"seed":7,
             "messages":[
              {"role":"system","content":"You help."},
              {"role":"user","content":"Do it."},
              {"role":"assistant","content":"I read.","tool_calls":[
               {"id":"c1","type":"function","function":{"name":"read_file","arguments":"{\u0022path\u0022:\u0022a\u0022}"}},
               {"id":"c2","type":"function","function":{"name":"read_file","arguments":"{broken"}}]},
              {"role":"tool","tool_call_id":"c1","content":"content of a"},
              {"role":"tool","tool_call_id":"c2","content":"invalid arguments"}],
             "tools":[{"type":"function","function":{"name":"read_file","description":"Reads a file.","strict":true,
              "parameters":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"],"additionalProperties":false}}}]}
            """,
            request.Json);
    }

    [Fact]
    public async Task A_rejected_temperature_is_left_out_once_and_for_all()
    {
        var refusal = FakeReply.Json(400, ErrorBody("invalid_request_error", "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.", "unsupported_value"));
        var answer = new FakeReply(Wire(new() { Text = ["Hi"] }));
        var model = await OpenAsync(refusal, answer, answer);
        await ResponseAsync(model);
        await ResponseAsync(model);
        Assert.Equal([true, false, false], Server.Requests.Where(r => r.Body.Length > 0).Select(r => r.Json.ContainsKey("temperature")));
    }

    [Fact]
    public async Task A_model_that_has_tools_over_responses_only_is_asked_there_from_then_on()
    {
        var refusal = FakeReply.Json(400, ErrorBody("invalid_request_error", "Function tools with reasoning_effort are not supported for test-model in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'."));
        var answer = new FakeReply(ResponsesConformanceTests.Answer(new() { Text = ["Hi"] }));
        var model = await OpenAsync(refusal, answer, answer);
        await ResponseAsync(model);
        await ResponseAsync(model);
        Assert.Equal(["/v1/chat/completions", "/v1/responses", "/v1/responses"], Server.Requests.Select(r => r.Path));
    }

    [Fact]
    public async Task A_refusal_in_words_is_refused()
    {
        var wire = new StringBuilder();
        Chunk(wire, """{"role":"assistant","content":null,"refusal":"I will not."}""");
        Chunk(wire, "{}", "stop");
        Event(wire, "[DONE]");
        var response = await ResponseAsync(await OpenAsync(new FakeReply(wire.ToString())));
        Assert.Equal((FinishReason.Refused, "I will not."), (response.Finish, response.Text));
    }

    [Fact]
    public async Task Servers_that_number_every_call_0_and_say_stop_are_understood()
    {
        var wire = new StringBuilder();
        Chunk(wire, """{"role":"assistant","content":"","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"n\":1}"}}]}""");
        Chunk(wire, """{"tool_calls":[{"index":0,"id":"b","type":"function","function":{"name":"g","arguments":"{\"n\":2}"}}]}""", "stop");
        Event(wire, "[DONE]");
        var response = await ResponseAsync(await OpenAsync(new FakeReply(wire.ToString())));
        Assert.Equal([new("a", "f", """{"n":1}"""), new("b", "g", """{"n":2}""")], response.ToolCalls);
        Assert.Equal(FinishReason.ToolCalls, response.Finish);
    }

    [Fact]
    public async Task Log_probabilities_come_with_the_answer_where_they_are_asked_for_and_offered()
    {
        var wire = WireOf(new() { Text = ["Hi"] }).Replace(
            "\"delta\":{\"content\":\"Hi\"},\"logprobs\":null",
            "\"delta\":{\"content\":\"Hi\"},\"logprobs\":{\"content\":[{\"token\":\"Hi\",\"logprob\":-0.25,\"bytes\":[72,105],\"top_logprobs\":[]}],\"refusal\":null}",
            StringComparison.Ordinal);
        var refusal = FakeReply.Json(400, ErrorBody("invalid_request_error", "'logprobs' is not supported with this model.", "unsupported_parameter"));
        var model = await OpenAsync(new FakeReply(wire), new FakeReply(WireOf(new() { Text = ["Hi"] })), refusal, new FakeReply(WireOf(new() { Text = ["Hi"] })));
        var question = Question(new ChatMessage(ChatRole.User, "Say hi."));

        var asked = (await model.AskAsync(question with { Logprobs = true }, null, Now)).Response!;
        Assert.Equal([new TokenLogprob("Hi", -0.25)], asked.Logprobs!.Value);
        Assert.Null((await model.AskAsync(question, null, Now)).Response!.Logprobs);
        Assert.Null((await model.AskAsync(question with { Logprobs = true }, null, Now)).Response!.Logprobs);
        Assert.Equal([true, false, true, false], Server.Requests.Where(r => r.Body.Length > 0).Select(r => r.Json.ContainsKey("logprobs")));
    }

    [Fact]
    public async Task An_error_in_place_of_a_chunk_is_told()
    {
        var wire = new StringBuilder();
        Chunk(wire, """{"role":"assistant","content":"He"}""");
        Event(wire, """{"error":{"message":"the engine died","type":"server_error","code":500}}""");
        var failure = await FailureAsync(await OpenAsync(new FakeReply(wire.ToString())));
        Assert.Equal(ModelErrorKind.Unavailable, failure.Kind);
        Assert.Contains("the engine died", failure.Message, StringComparison.Ordinal);
    }

    internal static void AssertJson(string expected, JsonNode actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected: {JsonNode.Parse(expected)!.ToJsonString()}\nactual:   {actual.ToJsonString()}");

    private static void Chunk(StringBuilder wire, string delta, string? finish = null) => Event(
        wire,
        $$$"""{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1790000000,"model":"test-model-2026","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{{{delta}}},"logprobs":null,"finish_reason":{{{(finish is null ? "null" : $"\"{finish}\"")}}} }],"usage":null}""");

    private static void Event(StringBuilder wire, string data) => wire.Append("data: ").Append(data).Append("\n\n");
}
