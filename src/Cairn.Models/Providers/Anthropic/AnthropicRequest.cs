using System.Text.Json;
using System.Text.Json.Nodes;
using Anthropic.Models.Messages;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>
/// A request in the shape of Anthropic Messages. It is built as JSON, since what goes back to the model must be what
/// came from it, blocks of kinds that this SDK has no type for included. Temperature, top_p and seed are left out: the
/// version of the API that the SDK speaks (2026-10-21) refuses them for every model.
/// </summary>
internal static class AnthropicRequest
{
    /// <summary>Marks reasoning that only this wire understands.</summary>
    public const string Wire = "anthropic";

    /// <summary>The parameter that holds an answer's schema; older models do not know it.</summary>
    public const string OutputConfig = "output_config";

    // The API takes an object only; what the model wrote instead is kept where it can see it.
    private const string InvalidArguments = "invalid_arguments";

    public static MessageCreateParams Build(ModelRequest request, RejectedParameters rejected)
    {
        var body = new JsonObject
        {
            ["model"] = request.Model,
            ["max_tokens"] = request.MaxOutputTokens,
            ["messages"] = Messages(request),
        };
        // Operator's instructions come first on this wire; later ones stay in their place as notes.
        var system = string.Join("\n\n", request.Messages.TakeWhile(m => m.Role == ChatRole.System).Select(m => m.Text).Where(t => t.Length > 0));
        if (system.Length > 0)
        {
            body["system"] = new JsonArray(Cached(Text(system)));
        }

        if (!request.Tools.IsEmpty)
        {
            body["tools"] = Tools(request, cached: system.Length == 0);
        }

        if (request.AnswerSchema is { } answer && !rejected.Contains(OutputConfig))
        {
            body[OutputConfig] = new JsonObject { ["format"] = new JsonObject { ["type"] = "json_schema", ["schema"] = JsonNode.Parse(answer.Schema) } };
        }

        using var document = JsonDocument.Parse(body.ToJsonString());
        var raw = document.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.Clone());
        var none = new Dictionary<string, JsonElement>();
        return MessageCreateParams.FromRawUnchecked(none, none, raw);
    }

    private static JsonArray Messages(ModelRequest request)
    {
        var messages = new JsonArray();
        var first = request.Messages.TakeWhile(m => m.Role == ChatRole.System).Count();
        foreach (var message in request.Messages.Skip(first))
        {
            var role = message.Role == ChatRole.Assistant ? "assistant" : "user";
            var blocks = Blocks(message);
            // Results of parallel calls must stand together in the one message after the calls.
            if (messages.Count > 0 && messages[^1]!["role"]!.GetValue<string>() == role)
            {
                var open = messages[^1]!["content"]!.AsArray();
                blocks.ForEach(open.Add);
            }
            else if (blocks.Count > 0)
            {
                messages.Add(new JsonObject { ["role"] = role, ["content"] = new JsonArray([.. blocks]) });
            }
        }

        MarkSettled(messages);
        return messages;
    }

    private static List<JsonNode> Blocks(Abstractions.ChatMessage message)
    {
        if (message.Role == ChatRole.Tool)
        {
            var result = new JsonObject { ["type"] = "tool_result", ["tool_use_id"] = message.ToolCallId ?? "", ["content"] = message.Text };
            if (message.IsError)
            {
                result["is_error"] = true;
            }

            return [result];
        }

        if (message.Role != ChatRole.Assistant)
        {
            return message.Text.Length > 0 ? [Text(message.Text)] : [];
        }

        return [.. AnswerPart.Of(message, Wire).Select(part => part.Opaque ?? (part.Call is { } call ? Call(call) : Text(part.Text!)))];
    }

    // Two places: the end, for the next request; and the end of the request before, which is surely in the cache
    // already even if this turn is longer than the distance over which the provider looks back.
    private static void MarkSettled(JsonArray messages)
    {
        var marks = messages.Select((m, i) => (Message: m!, Index: i))
            .Where(m => m.Message["role"]!.GetValue<string>() == "user")
            .TakeLast(2);
        foreach (var (message, _) in marks)
        {
            Cached(message["content"]!.AsArray()[^1]!.AsObject());
        }
    }

    private static JsonArray Tools(ModelRequest request, bool cached)
    {
        var tools = new JsonArray();
        foreach (var tool in request.Tools)
        {
            // Not "strict": it limits how many tools and nullable properties there may be, and the registry checks anyway.
            tools.Add(new JsonObject { ["name"] = tool.Name, ["description"] = tool.Description, ["input_schema"] = JsonNode.Parse(tool.Schema) });
        }

        if (cached)
        {
            Cached(tools[^1]!.AsObject());
        }

        return tools;
    }

    private static JsonObject Call(ModelToolCall call) => new()
    {
        ["type"] = "tool_use",
        ["id"] = call.Id,
        ["name"] = call.Name,
        ["input"] = Input(call.Arguments),
    };

    private static JsonNode Input(string arguments)
    {
        try
        {
            return JsonNode.Parse(arguments) as JsonObject ?? new JsonObject { [InvalidArguments] = arguments };
        }
        catch (JsonException)
        {
            return new JsonObject { [InvalidArguments] = arguments };
        }
    }

    private static JsonObject Text(string text) => new() { ["type"] = "text", ["text"] = text };

    private static JsonObject Cached(JsonObject block)
    {
        block["cache_control"] = new JsonObject { ["type"] = "ephemeral" };
        return block;
    }
}
