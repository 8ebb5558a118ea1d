using System.Text.Json;

namespace Cairn.Models;

/// <summary>Writes whole answers and errors of Anthropic Messages.</summary>
internal static class MessagesAnswer
{
    public static void Write(Utf8JsonWriter json, AnswerFrame frame, WireAnswer answer)
    {
        Head(json, frame);
        json.WriteStartArray("content");
        foreach (var part in answer.Parts)
        {
            Part(json, part);
        }

        json.WriteEndArray();
        json.WriteString("stop_reason", Reason(answer.Stop ?? WireStop.Stop));
        json.WriteNull("stop_sequence");
        Usage(json, answer.Usage);
        json.WriteEndObject();
    }

    /// <summary>Begins the message's object.</summary>
    public static void Head(Utf8JsonWriter json, AnswerFrame frame)
    {
        json.WriteStartObject();
        json.WriteString("id", "msg_" + frame.Id);
        json.WriteString("type", "message");
        json.WriteString("role", "assistant");
        json.WriteString("model", frame.Model);
    }

    public static string Reason(WireStop stop) => stop switch
    {
        WireStop.Calls => "tool_use",
        WireStop.Length => "max_tokens",
        WireStop.Refused => "refusal",
        _ => "end_turn",
    };

    public static void Usage(Utf8JsonWriter json, WireUsage usage)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("input_tokens", Math.Max(0, usage.Input - usage.Cached - usage.CacheWrites));
        json.WriteNumber("cache_creation_input_tokens", usage.CacheWrites);
        json.WriteNumber("cache_read_input_tokens", usage.Cached);
        json.WriteNumber("output_tokens", usage.Output);
        json.WriteEndObject();
    }

    public static void Error(Utf8JsonWriter json, WireError error)
    {
        json.WriteStartObject();
        json.WriteString("type", "error");
        json.WriteStartObject("error");
        json.WriteString("type", error.Code);
        json.WriteString("message", error.Message);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Part(Utf8JsonWriter json, WirePart part)
    {
        json.WriteStartObject();
        switch (part.Kind)
        {
            case WirePartKind.Call:
                json.WriteString("type", "tool_use");
                json.WriteString("id", part.Id);
                json.WriteString("name", part.Name);
                json.Raw("input", part.IsCustom ? JsonWriting.Wrapped(part.Arguments) : JsonWriting.ObjectOrEmpty(part.Arguments));
                break;
            case WirePartKind.Reasoning:
                json.WriteString("type", "thinking");
                json.WriteString("thinking", part.Text);
                json.WriteString("signature", part.Opaque?.Pack() ?? "");
                break;
            default:
                json.WriteString("type", "text");
                json.WriteString("text", part.Text);
                break;
        }

        json.WriteEndObject();
    }
}
