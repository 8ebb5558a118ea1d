using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cairn.Tests.Integration.Models;

public sealed class AnthropicConformanceTests : WireConformance
{
    private protected override string Id => "anthropic:test-model";

    private protected override string KeyVariable => "ANTHROPIC_API_KEY";

    private protected override string TooLongMessage => "prompt is too long: 208310 tokens > 200000 maximum";

    private protected override Dictionary<string, string> Environment(Uri server) =>
        new() { ["ANTHROPIC_API_KEY"] = Key, ["ANTHROPIC_BASE_URL"] = server.ToString() };

    private protected override string ErrorBody(string type, string message, string? code = null) => new JsonObject
    {
        ["type"] = "error",
        ["error"] = new JsonObject { ["type"] = type, ["message"] = message },
        ["request_id"] = "req_1",
    }.ToJsonString();

    private protected override string Wire(FakeAnswer answer) => WireOf(answer);

    internal static string WireOf(FakeAnswer answer)
    {
        var wire = new StringBuilder();
        Start(wire, answer.Usage);
        var index = 0;
        if (answer.Text.Length > 0)
        {
            Event(wire, "content_block_start", $$$"""{"type":"content_block_start","index":{{{index}}},"content_block":{"type":"text","text":""}}""");
            Event(wire, "ping", """{"type":"ping"}""");
            foreach (var text in answer.Text)
            {
                Event(wire, "content_block_delta", $$$"""{"type":"content_block_delta","index":{{{index}}},"delta":{"type":"text_delta","text":{{{JsonSerializer.Serialize(text)}}} }}""");
            }

            Stop(wire, index++);
        }

        foreach (var call in answer.Calls)
        {
            Event(wire, "content_block_start", $$$"""{"type":"content_block_start","index":{{{index}}},"content_block":{"type":"tool_use","id":"{{{call.Id}}}","name":"{{{call.Name}}}","input":{} } }""");
            foreach (var fragment in (string[])["", .. call.Fragments])
            {
                Event(wire, "content_block_delta", $$$"""{"type":"content_block_delta","index":{{{index}}},"delta":{"type":"input_json_delta","partial_json":{{{JsonSerializer.Serialize(fragment)}}} }}""");
            }

            Stop(wire, index++);
        }

        Finish(wire, answer.Usage, answer.Finish switch
        {
            FinishReason.Stop => "end_turn",
            FinishReason.ToolCalls => "tool_use",
            FinishReason.Length => "max_tokens",
            _ => "refusal",
        });
        return wire.ToString();
    }

    private protected override string HalfCall()
    {
        var wire = new StringBuilder();
        Start(wire, new(10, 1));
        Event(wire, "content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"x","name":"read_file","input":{}}}""");
        Event(wire, "content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"path\":\"a"}}""");
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
            new(ChatRole.Tool, "invalid arguments") { ToolCallId = "c2", IsError = true },
            new(ChatRole.User, "A note."));
        Assert.NotNull((await model.AskAsync(question, null, Now)).Response);

        var request = Server.Requests.Single();
        Assert.Equal("/v1/messages", request.Path);
        Assert.Equal($"Bearer {Key}", request.Headers["authorization"]);
        Assert.Equal("2026-10-21", request.Headers["anthropic-version"]);
        OpenAiConformanceTests.AssertJson(
            """
            {"model":"test-model","stream":true,"max_tokens":1000,
             "system":[{"type":"text","text":"You help.","cache_control":{"type":"ephemeral"}}],
             "messages":[
              {"role":"user","content":[{"type":"text","text":"Do it.","cache_control":{"type":"ephemeral"}}]},
              {"role":"assistant","content":[{"type":"text","text":"I read."},
               {"type":"tool_use","id":"c1","name":"read_file","input":{"path":"a"}},
               {"type":"tool_use","id":"c2","name":"read_file","input":{"invalid_arguments":"{broken"}}]},
              {"role":"user","content":[
               {"type":"tool_result","tool_use_id":"c1","content":"content of a"},
               {"type":"tool_result","tool_use_id":"c2","content":"invalid arguments","is_error":true},
               {"type":"text","text":"A note.","cache_control":{"type":"ephemeral"}}]}],
             "tools":[{"name":"read_file","description":"Reads a file.",
              "input_schema":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"],"additionalProperties":false}}]}
            """,
            request.Json);
    }

    [Fact]
    public async Task Thinking_goes_back_unchanged_and_in_its_place()
    {
        var wire = new StringBuilder();
        Start(wire, new(10, 1));
        Event(wire, "content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}""");
        Event(wire, "content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me "}}""");
        Event(wire, "content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"see…"}}""");
        Event(wire, "content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBsig=="}}""");
        Stop(wire, 0);
        Event(wire, "content_block_start", """{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}""");
        Event(wire, "content_block_delta", """{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"I look."}}""");
        Stop(wire, 1);
        Event(wire, "content_block_start", """{"type":"content_block_start","index":2,"content_block":{"type":"redacted_thinking","data":"opaque"}}""");
        Stop(wire, 2);
        Event(wire, "content_block_start", """{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"c1","name":"read_file","input":{}}}""");
        Event(wire, "content_block_delta", """{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"path\":\"a\"}"}}""");
        Stop(wire, 3);
        Finish(wire, new(10, 30), "tool_use");
        var shown = new StringBuilder();
        var model = await OpenAsync(new FakeReply(wire.ToString()), new FakeReply(Wire(new() { Text = ["Done"] })));
        var response = await ResponseAsync(model, delta => shown.Append(delta.Text));
        Assert.Equal("I look.", response.Text);
        Assert.Equal("I look.", shown.ToString());

        var next = Question(
            new(ChatRole.User, "Go."),
            new(ChatRole.Assistant, response.Text) { ToolCalls = response.ToolCalls, Reasoning = response.Reasoning },
            new(ChatRole.Tool, "content") { ToolCallId = "c1" });
        Assert.NotNull((await model.AskAsync(next, null, Now)).Response);
        OpenAiConformanceTests.AssertJson(
            """
            [{"type":"thinking","thinking":"Let me see…","signature":"EqQBsig=="},
             {"type":"text","text":"I look."},
             {"type":"redacted_thinking","data":"opaque"},
             {"type":"tool_use","id":"c1","name":"read_file","input":{"path":"a"}}]
            """,
            Server.Requests.Last().Json["messages"]![1]!["content"]!);
    }

    [Theory]
    [InlineData("overloaded_error", ModelErrorKind.Unavailable)]
    [InlineData("rate_limit_error", ModelErrorKind.RateLimited)]
    public async Task An_error_event_is_told_and_what_came_before_it_is_no_answer(string type, ModelErrorKind kind)
    {
        var wire = new StringBuilder(HalfCall());
        Event(wire, "error", ErrorBody(type, "Overloaded"));
        var failure = await FailureAsync(await OpenAsync(new FakeReply(wire.ToString())));
        Assert.Equal(kind, failure.Kind);
        Assert.Contains("Overloaded", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_written_to_the_cache_is_input()
    {
        var wire = new StringBuilder();
        Event(wire, "message_start", """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":5,"cache_creation_input_tokens":1000,"cache_read_input_tokens":2000,"output_tokens":1}}}""");
        Finish(wire, new(0, 9), "end_turn", countsInput: false);
        var response = await ResponseAsync(await OpenAsync(new FakeReply(wire.ToString())));
        Assert.Equal(new ModelUsage(3005, 9, 2000), response.Usage);
    }

    private static void Start(StringBuilder wire, ModelUsage usage) => Event(
        wire,
        "message_start",
        $$$$"""{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"test-model-20260101","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":{{{{usage.InputTokens - usage.CachedInputTokens}}}},"cache_creation_input_tokens":0,"cache_read_input_tokens":{{{{usage.CachedInputTokens}}}},"output_tokens":1}}}""");

    private static void Stop(StringBuilder wire, int index) =>
        Event(wire, "content_block_stop", $$"""{"type":"content_block_stop","index":{{index}}}""");

    private static void Finish(StringBuilder wire, ModelUsage usage, string reason, bool countsInput = true)
    {
        var input = countsInput ? $"\"input_tokens\":{usage.InputTokens - usage.CachedInputTokens},\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":{usage.CachedInputTokens}," : "";
        Event(wire, "message_delta", $$$"""{"type":"message_delta","delta":{"stop_reason":"{{{reason}}}","stop_sequence":null},"usage":{ {{{input}}}"output_tokens":{{{usage.OutputTokens}}} }}""");
        Event(wire, "message_stop", """{"type":"message_stop"}""");
    }

    private static void Event(StringBuilder wire, string name, string data) =>
        wire.Append("event: ").Append(name).Append("\ndata: ").Append(data).Append("\n\n");
}
