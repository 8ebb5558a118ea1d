using System.Text.Json;

namespace Cairn.Models;

/// <summary>Writes whole answers and errors of Chat Completions.</summary>
internal static class ChatAnswer
{
    public static void Write(Utf8JsonWriter json, AnswerFrame frame, WireAnswer answer)
    {
        var calls = answer.Parts.Where(p => p.Kind == WirePartKind.Call).ToList();
        json.WriteStartObject();
        json.WriteString("id", "chatcmpl-" + frame.Id);
        json.WriteString("object", "chat.completion");
        json.WriteNumber("created", frame.Created);
        json.WriteString("model", frame.Model);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", answer.Text.Length > 0 || calls.Count == 0 ? answer.Text : null);
        json.WriteNull("refusal");
        if (string.Concat(answer.Parts.Where(p => p.Kind == WirePartKind.Reasoning).Select(p => p.Text)) is { Length: > 0 } thought)
        {
            json.WriteString("reasoning_content", thought);
        }

        if (calls.Count > 0)
        {
            json.WriteStartArray("tool_calls");
            calls.ForEach(call => Call(json, call));
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteNull("logprobs");
        json.WriteString("finish_reason", Finish(answer.Stop ?? WireStop.Stop));
        json.WriteEndObject();
        json.WriteEndArray();
        Usage(json, answer.Usage);
        json.WriteEndObject();
    }

    public static string Finish(WireStop stop) => stop switch
    {
        WireStop.Calls => "tool_calls",
        WireStop.Length => "length",
        WireStop.Refused => "content_filter",
        _ => "stop",
    };

    public static void Usage(Utf8JsonWriter json, WireUsage usage)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", usage.Input);
        json.WriteNumber("completion_tokens", usage.Output);
        json.WriteNumber("total_tokens", usage.Input + usage.Output);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", usage.Cached);
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details");
        json.WriteNumber("reasoning_tokens", usage.Reasoning);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void Error(Utf8JsonWriter json, WireError error)
    {
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", error.Message);
        json.WriteString("type", error.Code);
        json.WriteNull("param");
        json.WriteString("code", error.Code);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Call(Utf8JsonWriter json, WirePart call)
    {
        json.WriteStartObject();
        json.WriteString("id", call.Id);
        json.WriteString("type", call.IsCustom ? "custom" : "function");
        json.WriteStartObject(call.IsCustom ? "custom" : "function");
        json.WriteString("name", call.Name);
        json.WriteString(call.IsCustom ? "input" : "arguments", call.Arguments);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
