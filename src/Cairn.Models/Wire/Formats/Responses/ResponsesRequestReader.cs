using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>Reads a request of OpenAI Responses.</summary>
internal static class ResponsesRequestReader
{
    public static WireRequest Read(JsonElement body)
    {
        var request = new WireRequest
        {
            Model = body.Text("model"),
            IsStream = body.Truth("stream") ?? false,
            MaxTokens = body.Whole("max_output_tokens"),
            Temperature = body.Real("temperature"),
            TopP = body.Real("top_p"),
            ParallelCalls = body.Truth("parallel_tool_calls"),
            Previous = body.Text("previous_response_id"),
        };
        if (body.TryGet("reasoning", out var reasoning))
        {
            request.Effort = reasoning.Text("effort");
        }

        if (body.Text("instructions") is { Length: > 0 } instructions)
        {
            request.Add(ChatRole.System, WirePart.OfText(instructions));
        }

        Input(request, body);
        foreach (var tool in body.List("tools"))
        {
            Tool(request, tool);
        }

        if (body.TryGet("tool_choice", out var choice))
        {
            request.ToolChoice = choice.ValueKind == JsonValueKind.String ? new(choice.GetString()!)
                : choice.Text("name") is { Length: > 0 } name ? new("tool", name) : null;
        }

        if (body.TryGet("text", out var text) && text.TryGet("format", out var format) && format.Text("type") == "json_schema")
        {
            request.AnswerSchema = new(format.Text("name"), format.Schema("schema"), format.Truth("strict"));
        }

        return request;
    }

    /// <summary>The conversation's items, or its one text.</summary>
    public static void Input(WireRequest request, JsonElement body)
    {
        if (body.Text("input") is { Length: > 0 } one)
        {
            request.Add(ChatRole.User, WirePart.OfText(one));
        }

        foreach (var item in body.List("input"))
        {
            Item(request, item);
        }
    }

    private static void Item(WireRequest request, JsonElement item)
    {
        switch (item.Text("type"))
        {
            case "message" or "":
                Message(request, item);
                break;
            case "additional_tools":
                foreach (var tool in item.List("tools"))
                {
                    Tool(request, tool);
                }

                break;
            case "item_reference":
                Assistant(request, new(WirePartKind.Reference) { Id = item.Text("id") });
                break;
            case "function_call":
                Assistant(request, new(WirePartKind.Call) { Id = item.Text("call_id"), Name = item.Text("name"), Arguments = item.Text("arguments") });
                break;
            case "custom_tool_call":
                Assistant(request, new(WirePartKind.Call) { Id = item.Text("call_id"), Name = item.Text("name"), Arguments = item.Text("input"), IsCustom = true });
                break;
            case "function_call_output" or "custom_tool_call_output":
                Result(request, item);
                break;
            case "reasoning":
                Assistant(request, new(WirePartKind.Reasoning)
                {
                    Text = string.Concat(item.List("summary").Select(s => s.Text("text"))),
                    Opaque = OpaqueReasoning.Unpack(item.Text("encrypted_content")) ?? new(WireFormat.Responses, item.GetRawText()),
                });
                break;
            default:
                throw RequestReading.Unknown("an item of type", item);
        }
    }

    private static void Message(WireRequest request, JsonElement item)
    {
        var role = item.Text("role");
        var parts = RequestReading.Content(item, "content", Part);
        switch (role)
        {
            case "assistant":
                parts.ForEach(p => Assistant(request, p));
                break;
            case "system" or "developer":
                request.Add(ChatRole.System, parts);
                break;
            case "user":
                request.Add(ChatRole.User, parts);
                break;
            default:
                throw new WireRequestException($"There is no role '{SafeText.Line(role, 40)}'.", "input");
        }
    }

    // Items of one turn stand one after the other; the other formats have one message for them.
    private static void Assistant(WireRequest request, WirePart part)
    {
        if (request.Messages is [.., { Role: ChatRole.Assistant } last])
        {
            last.Parts.Add(part);
        }
        else
        {
            request.Add(ChatRole.Assistant, part);
        }
    }

    private static void Result(WireRequest request, JsonElement item)
    {
        var result = new WirePart(WirePartKind.Result)
        {
            Id = item.Text("call_id"),
            Content = RequestReading.Content(item, "output", Part),
            IsCustom = item.Text("type")[0] == 'c',
        };
        if (request.Messages is [.., { Role: ChatRole.Tool } last])
        {
            last.Parts.Add(result);
        }
        else
        {
            request.Add(ChatRole.Tool, result);
        }
    }

    private static WirePart? Part(JsonElement part) => part.Text("type") switch
    {
        "input_text" or "output_text" or "text" or "summary_text" => WirePart.OfText(part.Text("text")),
        "refusal" => WirePart.OfText(part.Text("refusal")),
        "input_image" => new(WirePartKind.Image) { Url = part.Text("image_url") },
        _ => throw RequestReading.Unknown("content of type", part),
    };

    private static void Tool(WireRequest request, JsonElement tool)
    {
        switch (tool.Text("type"))
        {
            case "function":
                request.Tools.Add(new(tool.Text("name"), tool.Text("description"), tool.Schema("parameters"), tool.Truth("strict")));
                break;
            case "custom":
                request.Tools.Add(new(tool.Text("name"), tool.Text("description"), "", null));
                break;
            case "namespace":
                foreach (var inner in tool.List("tools"))
                {
                    Tool(request, inner);
                }

                break;
            default:
                break; // A tool that its provider runs itself (web_search, …): no other provider has it.
        }
    }
}
