using System.Globalization;
using System.Text.Json;

namespace Cairn.Models;

/// <summary>Writes whole answers and errors of OpenAI Responses.</summary>
internal static class ResponsesAnswerWriter
{
    /// <param name="json">Takes it.</param>
    /// <param name="frame">What stands around it.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="status">in_progress, completed, incomplete or failed.</param>
    /// <param name="items">The output's items with their ids; they stay the same in every event of a stream.</param>
    public static void Write(Utf8JsonWriter json, AnswerFrame frame, WireAnswer answer, string status, IReadOnlyList<WirePart> items)
    {
        json.WriteStartObject();
        json.WriteString("id", "resp_" + frame.Id);
        json.WriteString("object", "response");
        json.WriteNumber("created_at", frame.Created);
        json.WriteString("status", status);
        json.WriteBoolean("background", false);
        if (answer.Error is { } error)
        {
            json.WriteStartObject("error");
            json.WriteString("code", error.Code == "rate_limit_error" ? "rate_limit_exceeded" : "server_error");
            json.WriteString("message", error.Message);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("error");
        }

        if (status == "incomplete")
        {
            json.WriteStartObject("incomplete_details");
            json.WriteString("reason", answer.Stop == WireStop.Refused ? "content_filter" : "max_output_tokens");
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("incomplete_details");
        }

        json.WriteNull("instructions");
        json.WriteStartObject("metadata");
        json.WriteEndObject();
        json.WriteString("model", frame.Model);
        json.WriteStartArray("output");
        for (var i = 0; i < items.Count; i++)
        {
            Item(json, frame, items[i], i, "completed");
        }

        json.WriteEndArray();
        json.WriteBoolean("parallel_tool_calls", true);
        json.WriteNull("previous_response_id");
        json.WriteBoolean("store", false);
        json.WriteNull("temperature");
        json.WriteString("tool_choice", "auto");
        json.WriteStartArray("tools");
        json.WriteEndArray();
        json.WriteNull("top_p");
        json.WriteString("truncation", "disabled");
        if (status is "completed" or "incomplete")
        {
            Usage(json, answer.Usage);
        }
        else
        {
            json.WriteNull("usage");
        }

        json.WriteEndObject();
    }

    public static string Status(WireStop stop) => stop is WireStop.Length or WireStop.Refused ? "incomplete" : "completed";

    public static string ItemId(AnswerFrame frame, WirePart part, int index) => string.Create(
        CultureInfo.InvariantCulture, $"{(part.Kind switch { WirePartKind.Call => part.IsCustom ? "ctc" : "fc", WirePartKind.Reasoning => "rs", _ => "msg" })}_{frame.Id}{index}");

    /// <summary>One item of the output.</summary>
    public static void Item(Utf8JsonWriter json, AnswerFrame frame, WirePart part, int index, string status)
    {
        if (part is { Kind: WirePartKind.Reasoning, Opaque: { Format: WireFormat.Responses } own })
        {
            json.WriteRawValue(own.Json, skipInputValidation: true);
            return;
        }

        json.WriteStartObject();
        json.WriteString("id", ItemId(frame, part, index));
        switch (part.Kind)
        {
            case WirePartKind.Call:
                json.WriteString("type", part.IsCustom ? "custom_tool_call" : "function_call");
                json.WriteString("status", status);
                json.WriteString("call_id", part.Id);
                json.WriteString("name", part.Name);
                json.WriteString(part.IsCustom ? "input" : "arguments", part.Arguments);
                break;
            case WirePartKind.Reasoning:
                json.WriteString("type", "reasoning");
                json.WriteStartArray("summary");
                if (part.Text.Length > 0)
                {
                    json.WriteStartObject();
                    json.WriteString("type", "summary_text");
                    json.WriteString("text", part.Text);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                if (part.Opaque is { } opaque)
                {
                    json.WriteString("encrypted_content", opaque.Pack());
                }

                break;
            default:
                json.WriteString("type", "message");
                json.WriteString("status", status);
                json.WriteString("role", "assistant");
                json.WriteStartArray("content");
                if (status == "completed")
                {
                    Text(json, part.Text);
                }

                json.WriteEndArray();
                break;
        }

        json.WriteEndObject();
    }

    public static void Text(Utf8JsonWriter json, string text)
    {
        json.WriteStartObject();
        json.WriteString("type", "output_text");
        json.WriteStartArray("annotations");
        json.WriteEndArray();
        json.WriteStartArray("logprobs");
        json.WriteEndArray();
        json.WriteString("text", text);
        json.WriteEndObject();
    }

    /// <summary>An error outside of an answer has the shape that all of OpenAI's have.</summary>
    public static void Error(Utf8JsonWriter json, WireError error) => ChatAnswer.Error(json, error);

    private static void Usage(Utf8JsonWriter json, WireUsage usage)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("input_tokens", usage.Input);
        json.WriteStartObject("input_tokens_details");
        json.WriteNumber("cached_tokens", usage.Cached);
        json.WriteEndObject();
        json.WriteNumber("output_tokens", usage.Output);
        json.WriteStartObject("output_tokens_details");
        json.WriteNumber("reasoning_tokens", usage.Reasoning);
        json.WriteEndObject();
        json.WriteNumber("total_tokens", usage.Input + usage.Output);
        json.WriteEndObject();
    }
}
