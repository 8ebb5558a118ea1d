using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>Reads a request of Anthropic Messages.</summary>
internal static class MessagesRequestReader
{
    public static WireRequest Read(JsonElement body)
    {
        var request = new WireRequest
        {
            Model = body.Text("model"),
            IsStream = body.Truth("stream") ?? false,
            MaxTokens = body.Whole("max_tokens"),
            Temperature = body.Real("temperature"),
            TopP = body.Real("top_p"),
            Effort = Effort(body),
        };
        body.Texts("stop_sequences", request.Stop);
        if (RequestReading.Content(body, "system", Block) is { Count: > 0 } system)
        {
            request.Add(ChatRole.System, system);
        }

        foreach (var message in body.List("messages"))
        {
            Message(request, message);
        }

        foreach (var tool in body.List("tools"))
        {
            // A tool that its provider runs itself (web_search_…) has no schema, and no other provider has it.
            if (tool.Has("input_schema"))
            {
                request.Tools.Add(new(tool.Text("name"), tool.Text("description"), tool.Schema("input_schema"), tool.Truth("strict")));
            }
        }

        if (body.TryGet("tool_choice", out var choice))
        {
            request.ToolChoice = choice.Text("type") switch
            {
                "any" => new("required"),
                "tool" => new("tool", choice.Text("name")),
                "none" => new("none"),
                _ => new("auto"),
            };
            request.ParallelCalls = choice.Truth("disable_parallel_tool_use") is { } disabled ? !disabled : null;
        }

        if (AnswerFormat(body) is { } format && format.Text("type") == "json_schema")
        {
            request.AnswerSchema = new(format.Text("name"), format.Schema("schema"), true);
        }

        return request;
    }

    private static JsonElement? AnswerFormat(JsonElement body) =>
        body.TryGet("output_config", out var config) && config.TryGet("format", out var inner) ? inner
        : body.TryGet("output_format", out var format) ? format
        : null;

    private static string Effort(JsonElement body)
    {
        if (body.TryGet("output_config", out var config) && config.Text("effort") is { Length: > 0 } effort)
        {
            return effort;
        }

        return body.TryGet("thinking", out var thinking) && thinking.Text("type") == "enabled"
            ? thinking.Number("budget_tokens") switch { < 4096 => "low", < 12_288 => "medium", _ => "high" }
            : "";
    }

    private static void Message(WireRequest request, JsonElement message)
    {
        var role = message.Text("role");
        var parts = RequestReading.Content(message, "content", Block);
        switch (role)
        {
            case "assistant":
                request.Add(ChatRole.Assistant, parts);
                break;
            case "system":
                request.Add(ChatRole.System, parts);
                break;
            case "user":
                var results = parts.Where(p => p.Kind == WirePartKind.Result).ToList();
                if (results.Count > 0)
                {
                    request.Add(ChatRole.Tool, results);
                }

                if (parts.Count > results.Count || parts.Count == 0)
                {
                    request.Add(ChatRole.User, parts.Where(p => p.Kind != WirePartKind.Result));
                }

                break;
            default:
                throw new WireRequestException($"There is no role '{SafeText.Line(role, 40)}'.", "messages");
        }
    }

    private static WirePart? Block(JsonElement block) => block.Text("type") switch
    {
        "text" => WirePart.OfText(block.Text("text")),
        "image" when block.TryGet("source", out var source) => new(WirePartKind.Image)
        {
            Url = source.Text("type") == "url" ? source.Text("url") : $"data:{source.Text("media_type")};base64,{source.Text("data")}",
        },
        "tool_use" => new(WirePartKind.Call)
        {
            Id = block.Text("id"),
            Name = block.Text("name"),
            Arguments = block.TryGet("input", out var input) ? input.GetRawText() : "{}",
        },
        "tool_result" => new(WirePartKind.Result)
        {
            Id = block.Text("tool_use_id"),
            IsError = block.Truth("is_error") ?? false,
            Content = RequestReading.Content(block, "content", Block),
        },
        "thinking" => new(WirePartKind.Reasoning)
        {
            Text = block.Text("thinking"),
            Opaque = OpaqueReasoning.Unpack(block.Text("signature")) ?? new(WireFormat.Messages, block.GetRawText()),
        },
        "redacted_thinking" => new(WirePartKind.Reasoning)
        {
            Opaque = OpaqueReasoning.Unpack(block.Text("data")) ?? new(WireFormat.Messages, block.GetRawText()),
        },
        _ => throw RequestReading.Unknown("content of type", block),
    };
}
