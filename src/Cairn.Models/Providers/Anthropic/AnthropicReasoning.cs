using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cairn.Models;

/// <summary>
/// The thinking blocks of an answer, and where they stood. They are signed and must go back unchanged and in place, or
/// the API refuses the conversation. Text and calls are only pointed at: their content lives once, in the message.
/// </summary>
internal static class AnthropicReasoning
{
    private const string TextPart = "cairn.text";
    private const string CallPart = "cairn.call";

    /// <summary>Keeps the thinking of an answer; null when it has none.</summary>
    public static string? Keep(IEnumerable<JsonObject> blocks)
    {
        var kept = new JsonArray();
        var at = 0;
        var any = false;
        foreach (var block in blocks)
        {
            switch (block["type"]!.GetValue<string>())
            {
                case "text":
                    var length = block["text"]!.GetValue<string>().Length;
                    kept.Add(new JsonObject { ["type"] = TextPart, ["from"] = at, ["length"] = length });
                    at += length;
                    break;
                case "tool_use":
                    kept.Add(new JsonObject { ["type"] = CallPart, ["id"] = block["id"]!.GetValue<string>() });
                    break;
                default:
                    kept.Add(block.DeepClone());
                    any = true;
                    break;
            }
        }

        return any ? kept.ToJsonString() : null;
    }

    /// <summary>Puts an assistant message together again; null when there is no thinking or it is another provider's.</summary>
    public static List<JsonNode>? Arrange(string? reasoning, string text, Dictionary<string, JsonObject> calls)
    {
        try
        {
            return reasoning is null || JsonNode.Parse(reasoning) is not JsonArray kept ? null : Arrange(kept, text, calls);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static List<JsonNode>? Arrange(JsonArray kept, string text, Dictionary<string, JsonObject> calls)
    {
        var blocks = new List<JsonNode>();
        var (texts, used) = (0, 0);
        foreach (var part in kept)
        {
            switch (part?["type"]?.GetValue<string>())
            {
                case TextPart when part["from"]!.GetValue<int>() is var from && part["length"]!.GetValue<int>() is var length:
                    if (from != texts || length < 0 || from + length > text.Length)
                    {
                        return null; // The text was changed since, so the places no longer hold.
                    }

                    texts += length;
                    if (length > 0)
                    {
                        blocks.Add(new JsonObject { ["type"] = "text", ["text"] = text.Substring(from, length) });
                    }

                    break;
                case CallPart when calls.TryGetValue(part["id"]!.GetValue<string>(), out var call):
                    blocks.Add(call);
                    used++;
                    break;
                case "thinking" or "redacted_thinking":
                    blocks.Add(part.DeepClone());
                    break;
                default:
                    return null;
            }
        }

        return texts == text.Length && used == calls.Count ? blocks : null;
    }
}
