using System.Buffers;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>Writes a request of OpenAI Responses; it always streams, and nothing is kept at the provider.</summary>
internal static class ResponsesRequestWriter
{
    public static void Write(WireRequest request, string model, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, JsonWriting.Options);
        json.WriteStartObject();
        json.WriteString("model", model);
        json.WriteBoolean("stream", true);
        json.WriteBoolean("store", false);
        json.WriteStartArray("include");
        json.WriteStringValue("reasoning.encrypted_content");
        json.WriteEndArray();
        json.WriteStartArray("input");
        foreach (var message in request.Messages)
        {
            Message(json, message);
        }

        json.WriteEndArray();
        json.Maybe("max_output_tokens", request.MaxTokens is { } most ? Math.Max(16, most) : null);
        json.Maybe("temperature", request.Temperature);
        json.Maybe("top_p", request.TopP);
        if (request.Effort.Length > 0)
        {
            json.WriteStartObject("reasoning");
            json.WriteString("effort", request.Effort);
            json.WriteString("summary", "auto");
            json.WriteEndObject();
        }

        Tools(json, request);
        if (request.AnswerSchema is { } schema)
        {
            json.WriteStartObject("text");
            json.WriteStartObject("format");
            json.WriteString("type", "json_schema");
            json.WriteString("name", schema.Name.Length > 0 ? schema.Name : "answer");
            json.Raw("schema", schema.Schema);
            json.Maybe("strict", schema.Strict);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Message(Utf8JsonWriter json, WireTurn message)
    {
        var content = new List<WirePart>();
        foreach (var part in message.Parts)
        {
            if (part.Kind is WirePartKind.Text or WirePartKind.Image)
            {
                content.Add(part);
                continue;
            }

            Content(json, message.Role, content);
            Item(json, part);
        }

        Content(json, message.Role, content);
    }

    private static void Content(Utf8JsonWriter json, ChatRole role, List<WirePart> content)
    {
        if (content.Count == 0)
        {
            return;
        }

        json.WriteStartObject();
        json.WriteString("type", "message");
        json.WriteString("role", role switch { ChatRole.System => "system", ChatRole.Assistant => "assistant", _ => "user" });
        Parts(json, "content", content, role == ChatRole.Assistant ? "output_text" : "input_text");
        json.WriteEndObject();
        content.Clear();
    }

    private static void Parts(Utf8JsonWriter json, string name, IEnumerable<WirePart> parts, string text)
    {
        json.WriteStartArray(name);
        foreach (var part in parts)
        {
            json.WriteStartObject();
            if (part.Kind == WirePartKind.Image)
            {
                json.WriteString("type", "input_image");
                json.WriteString("image_url", part.Url);
            }
            else
            {
                json.WriteString("type", text);
                json.WriteString("text", part.Text);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Item(Utf8JsonWriter json, WirePart part)
    {
        if (part.Kind == WirePartKind.Reasoning)
        {
            if (part.Opaque is { Format: WireFormat.Responses } own)
            {
                json.WriteRawValue(own.Json, skipInputValidation: true);
            }

            return;
        }

        json.WriteStartObject();
        if (part.Kind == WirePartKind.Call)
        {
            json.WriteString("type", part.IsCustom ? "custom_tool_call" : "function_call");
            json.WriteString("call_id", part.Id);
            json.WriteString("name", part.Name);
            json.WriteString(part.IsCustom ? "input" : "arguments", part.Arguments);
        }
        else
        {
            json.WriteString("type", part.IsCustom ? "custom_tool_call_output" : "function_call_output");
            json.WriteString("call_id", part.Id);
            if (part.Content.All(p => p.Kind == WirePartKind.Text))
            {
                json.WriteString("output", string.Join('\n', part.Content.Select(p => p.Text)));
            }
            else
            {
                Parts(json, "output", part.Content, "input_text");
            }
        }

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
            json.WriteString("type", tool.IsCustom ? "custom" : "function");
            json.WriteString("name", tool.Name);
            json.WriteString("description", tool.Description);
            if (!tool.IsCustom)
            {
                json.Raw("parameters", tool.Schema);
                json.WriteBoolean("strict", tool.Strict ?? false);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.Maybe("parallel_tool_calls", request.ParallelCalls);
        if (request.ToolChoice is { Mode: "tool" } named)
        {
            json.WriteStartObject("tool_choice");
            json.WriteString("type", "function");
            json.WriteString("name", named.Name);
            json.WriteEndObject();
        }
        else if (request.ToolChoice is { } choice)
        {
            json.WriteString("tool_choice", choice.Mode);
        }
    }
}
