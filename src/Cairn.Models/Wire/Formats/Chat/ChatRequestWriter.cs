using System.Buffers;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>Writes a request of Chat Completions. It always streams: who wants the answer whole gets it collected.</summary>
internal static class ChatRequestWriter
{
    public static void Write(WireRequest request, string model, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, JsonWriting.Options);
        json.WriteStartObject();
        json.WriteString("model", model);
        json.WriteStartArray("messages");
        foreach (var message in request.Messages)
        {
            Message(json, message);
        }

        json.WriteEndArray();
        json.WriteBoolean("stream", true);
        json.WriteStartObject("stream_options");
        json.WriteBoolean("include_usage", true);
        json.WriteEndObject();
        json.Maybe("max_completion_tokens", request.MaxTokens);
        json.Maybe("temperature", request.Temperature);
        json.Maybe("top_p", request.TopP);
        json.Maybe("seed", request.Seed);
        if (request.Effort.Length > 0)
        {
            json.WriteString("reasoning_effort", request.Effort);
        }

        if (request.Stop.Count > 0)
        {
            json.WriteStartArray("stop");
            request.Stop.ForEach(json.WriteStringValue);
            json.WriteEndArray();
        }

        Tools(json, request);
        if (request.AnswerSchema is { } schema)
        {
            json.WriteStartObject("response_format");
            json.WriteString("type", "json_schema");
            json.WriteStartObject("json_schema");
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
        if (message.Role == ChatRole.Tool)
        {
            message.Parts.ForEach(part => Result(json, part));
            return;
        }

        var calls = message.Parts.Where(p => p.Kind == WirePartKind.Call).ToList();
        var content = message.Parts.Where(p => p.Kind is WirePartKind.Text or WirePartKind.Image).ToList();
        json.WriteStartObject();
        json.WriteString("role", message.Role switch { ChatRole.System => "system", ChatRole.User => "user", _ => "assistant" });
        if (content.Count == 0 && calls.Count > 0)
        {
            json.WriteNull("content");
        }
        else
        {
            Content(json, content);
        }

        if (calls.Count > 0)
        {
            json.WriteStartArray("tool_calls");
            calls.ForEach(call => Call(json, call));
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Content(Utf8JsonWriter json, List<WirePart> content)
    {
        if (content.TrueForAll(p => p.Kind == WirePartKind.Text))
        {
            json.WriteString("content", string.Join('\n', content.Select(p => p.Text)));
            return;
        }

        json.WriteStartArray("content");
        foreach (var part in content)
        {
            json.WriteStartObject();
            if (part.Kind == WirePartKind.Image)
            {
                json.WriteString("type", "image_url");
                json.WriteStartObject("image_url");
                json.WriteString("url", part.Url);
                json.WriteEndObject();
            }
            else
            {
                json.WriteString("type", "text");
                json.WriteString("text", part.Text);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Call(Utf8JsonWriter json, WirePart call)
    {
        json.WriteStartObject();
        json.WriteString("id", call.Id);
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", call.Name);
        json.WriteString("arguments", call.IsCustom ? JsonWriting.Wrapped(call.Arguments) : call.Arguments);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>A tool's message holds text only; its images come as the user's, right behind it.</summary>
    private static void Result(Utf8JsonWriter json, WirePart result)
    {
        json.WriteStartObject();
        json.WriteString("role", "tool");
        json.WriteString("tool_call_id", result.Id);
        json.WriteString("content", string.Join('\n', result.Content.Where(p => p.Kind == WirePartKind.Text).Select(p => p.Text)));
        json.WriteEndObject();
        var images = result.Content.Where(p => p.Kind == WirePartKind.Image).ToList();
        if (images.Count > 0)
        {
            Message(json, new(ChatRole.User, images));
        }
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
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", tool.Name);
            json.WriteString("description", tool.Description);
            json.Raw("parameters", tool.IsCustom ? JsonWriting.FreeTextSchema : tool.Schema);
            json.Maybe("strict", tool.Strict);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.Maybe("parallel_tool_calls", request.ParallelCalls);
        if (request.ToolChoice is { Mode: "tool" } named)
        {
            json.WriteStartObject("tool_choice");
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", named.Name);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        else if (request.ToolChoice is { } choice)
        {
            json.WriteString("tool_choice", choice.Mode);
        }
    }
}
