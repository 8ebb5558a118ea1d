using System.Text.Json.Nodes;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>A request in the shape of OpenAI's Responses API, without any state kept there.</summary>
internal static class ResponsesRequest
{
    /// <summary>Marks reasoning that only this wire understands.</summary>
    public const string Wire = "openai.responses";

    private const int LeastOutputTokens = 16;

    public static string Build(ModelRequest request, RejectedParameters rejected)
    {
        var body = new JsonObject
        {
            ["model"] = request.Model,
            ["input"] = new JsonArray([.. request.Messages.SelectMany(Items)]),
            ["max_output_tokens"] = Math.Max(LeastOutputTokens, request.MaxOutputTokens),
            ["stream"] = true,
            // The journal is the one memory: nothing is stored there, so reasoning comes and goes encrypted.
            ["store"] = false,
            ["include"] = new JsonArray("reasoning.encrypted_content"),
        };
        if (!rejected.Contains(OpenAiRequest.Temperature))
        {
            body["temperature"] = request.Temperature;
        }

        if (request.TopP < 1 && !rejected.Contains(OpenAiRequest.TopP))
        {
            body["top_p"] = request.TopP;
        }

        if (request.AnswerSchema is { } answer && !rejected.Contains(OpenAiRequest.TextFormat))
        {
            body["text"] = new JsonObject
            {
                ["format"] = new JsonObject
                {
                    ["type"] = "json_schema",
                    ["name"] = answer.Name,
                    ["schema"] = JsonNode.Parse(answer.Schema),
                    ["strict"] = !rejected.Contains(OpenAiRequest.Strict) && StrictSchema.Fits(answer.Schema),
                },
            };
        }

        if (!request.Tools.IsEmpty)
        {
            body["tools"] = new JsonArray([.. request.Tools.Select(tool => new JsonObject
            {
                ["type"] = "function",
                ["name"] = tool.Name,
                ["description"] = tool.Description,
                ["parameters"] = JsonNode.Parse(tool.Schema),
                ["strict"] = !rejected.Contains(OpenAiRequest.Strict),
            })]);
        }

        return body.ToJsonString();
    }

    private static IEnumerable<JsonNode> Items(ChatMessage message) => message.Role switch
    {
        ChatRole.System => [Message("system", message.Text)],
        ChatRole.User => [Message("user", message.Text)],
        ChatRole.Tool => [new JsonObject { ["type"] = "function_call_output", ["call_id"] = message.ToolCallId ?? "", ["output"] = message.Text }],
        _ => AnswerPart.Of(message, Wire).Select(Item),
    };

    private static JsonObject Item(AnswerPart part) => part switch
    {
        { Opaque: { } reasoning } => reasoning,
        { Call: { } call } => new() { ["type"] = "function_call", ["call_id"] = call.Id, ["name"] = call.Name, ["arguments"] = call.Arguments },
        _ => Message("assistant", part.Text ?? ""),
    };

    private static JsonObject Message(string role, string text) => new() { ["role"] = role, ["content"] = text };
}
