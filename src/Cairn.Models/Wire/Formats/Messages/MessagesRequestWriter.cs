using System.Buffers;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>Writes a request of Anthropic Messages; it always streams.</summary>
internal static class MessagesRequestWriter
{
    private const int LeastThinking = 1024;

    public static void Write(WireRequest request, string model, int maxTokens, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, JsonWriting.Options);
        var most = (int)Math.Min(request.MaxTokens ?? maxTokens, int.MaxValue);
        json.WriteStartObject();
        json.WriteString("model", model);
        json.WriteNumber("max_tokens", most);
        json.WriteBoolean("stream", true);
        var leading = request.Messages.TakeWhile(m => m.Role == ChatRole.System).ToList();
        if (leading.Count > 0)
        {
            json.WriteStartArray("system");
            leading.SelectMany(m => m.Parts).Where(p => p.Kind == WirePartKind.Text && p.Text.Length > 0).ToList().ForEach(p => Part(json, p));
            json.WriteEndArray();
        }

        Messages(json, request.Messages.Skip(leading.Count));
        Tools(json, request);
        Sampling(json, request, most);
        json.WriteEndObject();
    }

    private static void Sampling(Utf8JsonWriter json, WireRequest request, int most)
    {
        var budget = request.Effort switch { "" or "none" or "minimal" => 0, "low" => 2048, "medium" => 8192, _ => 16_384 };
        budget = Math.Min(budget, most - LeastThinking);
        if (budget >= LeastThinking)
        {
            // Who thinks takes no temperature.
            json.WriteStartObject("thinking");
            json.WriteString("type", "enabled");
            json.WriteNumber("budget_tokens", budget);
            json.WriteEndObject();
        }
        else
        {
            json.Maybe("temperature", request.Temperature is { } t ? Math.Min(t, 1) : null);
            json.Maybe("top_p", request.Temperature is null ? request.TopP : null);
        }

        if (request.Stop.Count > 0)
        {
            json.WriteStartArray("stop_sequences");
            request.Stop.ForEach(json.WriteStringValue);
            json.WriteEndArray();
        }

        if (request.AnswerSchema is { } schema)
        {
            json.WriteStartObject("output_config");
            json.WriteStartObject("format");
            json.WriteString("type", "json_schema");
            json.Raw("schema", schema.Schema);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    /// <summary>Turns alternate: neighbours of one side become one message. A system text in the middle is said by the user's side.</summary>
    private static void Messages(Utf8JsonWriter json, IEnumerable<WireTurn> messages)
    {
        json.WriteStartArray("messages");
        string? open = null;
        foreach (var message in messages)
        {
            var parts = message.Parts.Where(p => Fits(p, message.Role)).ToList();
            if (parts.Count == 0)
            {
                continue;
            }

            var role = message.Role == ChatRole.Assistant ? "assistant" : "user";
            if (role != open)
            {
                Close(json, open);
                json.WriteStartObject();
                json.WriteString("role", role);
                json.WriteStartArray("content");
                open = role;
            }

            parts.ForEach(p => Part(json, p));
        }

        Close(json, open);
        json.WriteEndArray();
    }

    private static void Close(Utf8JsonWriter json, string? open)
    {
        if (open is not null)
        {
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    private static bool Fits(WirePart part, ChatRole role) => part.Kind switch
    {
        WirePartKind.Text => part.Text.Length > 0,
        WirePartKind.Reasoning => role == ChatRole.Assistant && part.Opaque is { Format: WireFormat.Messages },
        _ => true,
    };

    private static void Part(Utf8JsonWriter json, WirePart part)
    {
        switch (part.Kind)
        {
            case WirePartKind.Reasoning:
                json.WriteRawValue(part.Opaque!.Json, skipInputValidation: true);
                return;
            case WirePartKind.Image:
                Image(json, part.Url);
                return;
        }

        json.WriteStartObject();
        switch (part.Kind)
        {
            case WirePartKind.Call:
                json.WriteString("type", "tool_use");
                json.WriteString("id", part.Id);
                json.WriteString("name", part.Name);
                json.Raw("input", part.IsCustom ? JsonWriting.Wrapped(part.Arguments) : JsonWriting.ObjectOrEmpty(part.Arguments));
                break;
            case WirePartKind.Result:
                json.WriteString("type", "tool_result");
                json.WriteString("tool_use_id", part.Id);
                json.WriteStartArray("content");
                part.Content.Where(p => Fits(p, ChatRole.Tool)).ToList().ForEach(p => Part(json, p));
                json.WriteEndArray();
                if (part.IsError)
                {
                    json.WriteBoolean("is_error", true);
                }

                break;
            default:
                json.WriteString("type", "text");
                json.WriteString("text", part.Text);
                break;
        }

        json.WriteEndObject();
    }

    private static void Image(Utf8JsonWriter json, string url)
    {
        json.WriteStartObject();
        json.WriteString("type", "image");
        json.WriteStartObject("source");
        var comma = url.IndexOf(',', StringComparison.Ordinal);
        if (url.StartsWith("data:", StringComparison.Ordinal) && comma > 0)
        {
            json.WriteString("type", "base64");
            json.WriteString("media_type", url[5..comma].Split(';')[0]);
            json.WriteString("data", url[(comma + 1)..]);
        }
        else
        {
            json.WriteString("type", "url");
            json.WriteString("url", url);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Tools(Utf8JsonWriter json, WireRequest request)
    {
        if (request.Tools.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tools");
        foreach (var tool in request.Tools)
        {
            json.WriteStartObject();
            json.WriteString("name", tool.Name);
            json.WriteString("description", tool.Description);
            json.Raw("input_schema", tool.IsCustom ? JsonWriting.FreeTextSchema : tool.Schema);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (request.ToolChoice is null && request.ParallelCalls is null)
        {
            return;
        }

        var mode = request.ToolChoice?.Mode switch { "required" => "any", "tool" => "tool", "none" => "none", _ => "auto" };
        json.WriteStartObject("tool_choice");
        json.WriteString("type", mode);
        if (mode == "tool")
        {
            json.WriteString("name", request.ToolChoice!.Name);
        }

        if (mode != "none")
        {
            json.Maybe("disable_parallel_tool_use", request.ParallelCalls is { } parallel ? !parallel : null);
        }

        json.WriteEndObject();
    }
}
