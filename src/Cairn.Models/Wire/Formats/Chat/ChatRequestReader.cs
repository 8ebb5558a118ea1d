using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>Reads a request of Chat Completions.</summary>
internal static class ChatRequestReader
{
    public static WireRequest Read(JsonElement body)
    {
        if (body.Whole("n") is > 1)
        {
            throw new WireRequestException("This model's provider gives one answer to a request: leave 'n' out.", "n");
        }

        var request = new WireRequest
        {
            Model = body.Text("model"),
            IsStream = body.Truth("stream") ?? false,
            MaxTokens = body.Whole("max_completion_tokens") ?? body.Whole("max_tokens"),
            Temperature = body.Real("temperature"),
            TopP = body.Real("top_p"),
            Seed = body.Whole("seed"),
            ParallelCalls = body.Truth("parallel_tool_calls"),
            Effort = body.Text("reasoning_effort"),
        };
        request.WantsUsage = body.TryGet("stream_options", out var options) && options.Truth("include_usage") == true;
        body.Texts("stop", request.Stop);
        foreach (var message in body.List("messages"))
        {
            Message(request, message);
        }

        foreach (var tool in body.List("tools"))
        {
            request.Tools.Add(Tool(tool));
        }

        request.ToolChoice = Choice(body);
        if (body.TryGet("response_format", out var format) && format.Text("type") == "json_schema" && format.TryGet("json_schema", out var schema))
        {
            request.AnswerSchema = new(schema.Text("name"), schema.Schema("schema"), schema.Truth("strict"));
        }

        return request;
    }

    private static void Message(WireRequest request, JsonElement message)
    {
        var role = message.Text("role");
        switch (role)
        {
            case "system" or "developer":
                request.Add(ChatRole.System, RequestReading.Content(message, "content", Part));
                break;
            case "user":
                request.Add(ChatRole.User, RequestReading.Content(message, "content", Part));
                break;
            case "tool":
                request.Add(ChatRole.Tool, new WirePart(WirePartKind.Result)
                {
                    Id = message.Text("tool_call_id"),
                    Content = RequestReading.Content(message, "content", Part),
                });
                break;
            case "assistant":
                var parts = RequestReading.Content(message, "content", Part);
                parts.AddRange(message.List("tool_calls").Select(Call));
                request.Add(ChatRole.Assistant, parts);
                break;
            default:
                throw new WireRequestException($"There is no role '{SafeText.Line(role, 40)}'.", "messages");
        }
    }

    private static WirePart Call(JsonElement call)
    {
        var custom = call.Text("type") == "custom";
        call.TryGet(custom ? "custom" : "function", out var function);
        return new(WirePartKind.Call)
        {
            Id = call.Text("id"),
            Name = function.Text("name"),
            Arguments = function.Text(custom ? "input" : "arguments"),
            IsCustom = custom,
        };
    }

    private static WirePart? Part(JsonElement part) => part.Text("type") switch
    {
        "text" => WirePart.OfText(part.Text("text")),
        "refusal" => WirePart.OfText(part.Text("refusal")),
        "image_url" when part.TryGet("image_url", out var image) => new(WirePartKind.Image) { Url = image.Text("url") },
        _ => throw RequestReading.Unknown("content of type", part),
    };

    private static WireTool Tool(JsonElement tool)
    {
        var custom = tool.Text("type") == "custom";
        if (!tool.TryGet(custom ? "custom" : "function", out var function))
        {
            throw RequestReading.Unknown("a tool of type", tool);
        }

        return new(function.Text("name"), function.Text("description"), custom ? "" : function.Schema("parameters"), function.Truth("strict"));
    }

    private static WireToolChoice? Choice(JsonElement body)
    {
        if (!body.TryGet("tool_choice", out var choice))
        {
            return null;
        }

        return choice.ValueKind == JsonValueKind.String ? new(choice.GetString()!)
            : choice.TryGet("function", out var function) || choice.TryGet("custom", out function) ? new("tool", function.Text("name"))
            : null;
    }
}
