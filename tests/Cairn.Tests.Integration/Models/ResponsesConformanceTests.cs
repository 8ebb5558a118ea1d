using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cairn.Tests.Integration.Models;

/// <summary>OpenAI's Responses API, at its own address, which a transport leads to the fake server.</summary>
public sealed class ResponsesConformanceTests : WireConformance
{
    private protected override string Id => "openai:gpt-6.1-sol";

    private protected override string KeyVariable => "OPENAI_API_KEY";

    private protected override string ShownAddress => "api.openai.com";

    private protected override string TooLongMessage => "Your input exceeds the context window of this model. Please adjust your input and try again.";

    private protected override Dictionary<string, string> Environment(Uri server) => new() { ["OPENAI_API_KEY"] = Key };

    private protected override HttpMessageHandler Handler() => new Detour(Server.Address);

    private protected override string ErrorBody(string type, string message, string? code = null) => new JsonObject
    {
        ["error"] = new JsonObject { ["message"] = message, ["type"] = type, ["param"] = null, ["code"] = code },
    }.ToJsonString();

    private protected override string Wire(FakeAnswer answer) => Answer(answer);

    private protected override string HalfCall()
    {
        var wire = new StringBuilder();
        Event(wire, new JsonObject { ["type"] = "response.created", ["response"] = Response("in_progress") });
        Event(wire, new JsonObject { ["type"] = "response.output_item.added", ["output_index"] = 0, ["item"] = Call(new("x", "read_file"), "in_progress") });
        Event(wire, new JsonObject { ["type"] = "response.function_call_arguments.delta", ["output_index"] = 0, ["item_id"] = "fc_0", ["delta"] = "{\"path\":\"a" });
        return wire.ToString();
    }

    [Fact]
    public async Task The_request_is_what_the_interface_documents_and_reasoning_goes_back_in_its_place()
    {
        var wire = new StringBuilder();
        var reasoning = """{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAA="}""";
        Event(wire, new JsonObject { ["type"] = "response.output_item.done", ["output_index"] = 1, ["item"] = Call(new("c1", "read_file", """{"path":"a"}"""), "completed") });
        Event(wire, new JsonObject { ["type"] = "response.output_item.done", ["output_index"] = 0, ["item"] = JsonNode.Parse(reasoning) });
        Event(wire, new JsonObject { ["type"] = "response.completed", ["response"] = Response("completed") });
        var model = await OpenAsync(new FakeReply(wire.ToString()), new FakeReply(Answer(new() { Text = ["Done"] })));
        var response = await ResponseAsync(model);
        Assert.Equal(FinishReason.ToolCalls, response.Finish);

        var next = Question(
            new(ChatRole.User, "Go."),
            new(ChatRole.Assistant, "") { ToolCalls = response.ToolCalls, Reasoning = response.Reasoning },
            new(ChatRole.Tool, "content") { ToolCallId = "c1" });
        Assert.NotNull((await model.AskAsync(next, null, Now)).Response);
        var request = Server.Requests.Last();
        Assert.Equal("/v1/responses", request.Path);
        Assert.Equal($"Bearer {Key}", request.Headers["authorization"]);
        OpenAiConformanceTests.AssertJson(
            $$"""
            {"model":"test-model","stream":true,"store":false,"include":["reasoning.encrypted_content"],"max_output_tokens":1000,
             "input":[
              {"role":"system","content":"You help."},
              {"role":"user","content":"Go."},
              {{reasoning}},
              {"type":"function_call","call_id":"c1","name":"read_file","arguments":"{\u0022path\u0022:\u0022a\u0022}"},
              {"type":"function_call_output","call_id":"c1","output":"content"}],
             "tools":[{"type":"function","name":"read_file","description":"Reads a file.","strict":true,
              "parameters":{"type":"object","properties":{"path":{"type":"string"} },"required":["path"],"additionalProperties":false} }]}
            """,
            request.Json);
    }

    [Fact]
    public async Task A_failed_response_is_told()
    {
        var wire = new StringBuilder(HalfCall());
        var failed = Response("failed");
        failed["error"] = new JsonObject { ["code"] = "server_error", ["message"] = "The model had a fault." };
        Event(wire, new JsonObject { ["type"] = "response.failed", ["response"] = failed });
        var failure = await FailureAsync(await OpenAsync(new FakeReply(wire.ToString())));
        Assert.Equal(ModelErrorKind.Unavailable, failure.Kind);
        Assert.Contains("The model had a fault.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_price_is_that_of_the_table()
    {
        var response = await ResponseAsync(await AnsweringAsync(new() { Text = ["Hi"], Usage = new(1000, 100, 400) }));
        Assert.Equal(((600 * 2m) + (400 * 0.1m) + (100 * 10m)) / 1_000_000m, response.CostUsd);
    }

    internal static string Answer(FakeAnswer answer)
    {
        var wire = new StringBuilder();
        Event(wire, new JsonObject { ["type"] = "response.created", ["response"] = Response("in_progress") });
        var index = 0;
        if (answer.Text.Length > 0)
        {
            Event(wire, new JsonObject { ["type"] = "response.output_item.added", ["output_index"] = index, ["item"] = Message("in_progress", null) });
            foreach (var text in answer.Text)
            {
                Event(wire, new JsonObject { ["type"] = "response.output_text.delta", ["output_index"] = index, ["content_index"] = 0, ["item_id"] = "msg_1", ["delta"] = text });
            }

            Event(wire, new JsonObject { ["type"] = "response.output_item.done", ["output_index"] = index++, ["item"] = Message("completed", string.Concat(answer.Text)) });
        }

        foreach (var call in answer.Calls)
        {
            Event(wire, new JsonObject { ["type"] = "response.output_item.added", ["output_index"] = index, ["item"] = Call(call with { Fragments = [] }, "in_progress") });
            foreach (var fragment in call.Fragments)
            {
                Event(wire, new JsonObject { ["type"] = "response.function_call_arguments.delta", ["output_index"] = index, ["item_id"] = "fc_" + index, ["delta"] = fragment });
            }

            Event(wire, new JsonObject { ["type"] = "response.output_item.done", ["output_index"] = index++, ["item"] = Call(call, "completed") });
        }

        var cut = answer.Finish is FinishReason.Length or FinishReason.Refused;
        var end = Response(cut ? "incomplete" : "completed");
        end["incomplete_details"] = cut ? new JsonObject { ["reason"] = answer.Finish == FinishReason.Length ? "max_output_tokens" : "content_filter" } : null;
        end["usage"] = new JsonObject
        {
            ["input_tokens"] = answer.Usage.InputTokens,
            ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = answer.Usage.CachedInputTokens },
            ["output_tokens"] = answer.Usage.OutputTokens,
            ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0 },
            ["total_tokens"] = answer.Usage.Total,
        };
        Event(wire, new JsonObject { ["type"] = cut ? "response.incomplete" : "response.completed", ["response"] = end });
        return wire.ToString();
    }

    private static JsonObject Response(string status) => new()
    {
        ["id"] = "resp_1",
        ["object"] = "response",
        ["created_at"] = 1790000000,
        ["status"] = status,
        ["model"] = "gpt-6.1-sol",
        ["error"] = null,
        ["incomplete_details"] = null,
        ["output"] = new JsonArray(),
        ["usage"] = null,
    };

    private static JsonObject Message(string status, string? text) => new()
    {
        ["id"] = "msg_1",
        ["type"] = "message",
        ["status"] = status,
        ["role"] = "assistant",
        ["content"] = text is null ? new JsonArray() : new JsonArray(new JsonObject { ["type"] = "output_text", ["text"] = text, ["annotations"] = new JsonArray() }),
    };

    private static JsonObject Call(FakeCall call, string status) => new()
    {
        ["id"] = "fc_0",
        ["type"] = "function_call",
        ["status"] = status,
        ["call_id"] = call.Id,
        ["name"] = call.Name,
        ["arguments"] = string.Concat(call.Fragments),
    };

    private static void Event(StringBuilder wire, JsonObject data) =>
        wire.Append("event: ").Append(data["type"]).Append("\ndata: ").Append(data.ToJsonString()).Append("\n\n");

    /// <summary>Leads every request to the fake server, whatever its address.</summary>
    private sealed class Detour(Uri server) : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Assert.Equal("https://api.openai.com", request.RequestUri!.GetLeftPart(UriPartial.Authority));
            request.RequestUri = new Uri(server, request.RequestUri.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
