using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>
/// A piece of an assistant message in its place: text, a tool call, or something opaque (signed or encrypted reasoning)
/// that must go back unchanged and in place, or the provider refuses the conversation.
/// </summary>
/// <param name="Text">A stretch of the message's text.</param>
/// <param name="Call">A tool call of the message.</param>
/// <param name="Opaque">What only its provider understands.</param>
internal readonly record struct AnswerPart(string? Text, ModelToolCall? Call, JsonObject? Opaque)
{
    /// <summary>
    /// Keeps the opaque parts and all places as <see cref="ChatMessage.Reasoning"/>; null when there is nothing opaque.
    /// Text and calls are only pointed at: their content lives once, in the message.
    /// </summary>
    public static string? Keep(string wire, IReadOnlyCollection<AnswerPart> parts) => parts.Any(p => p.Opaque is not null)
        ? new JsonObject
        {
            ["wire"] = wire,
            ["parts"] = new JsonArray([.. parts.Select(p => new JsonObject
            {
                [p.Opaque is not null ? "opaque" : p.Call is not null ? "call" : "text"] = p.Opaque?.DeepClone() ?? (p.Text ?? "").Length,
            })]),
        }.ToJsonString()
        : null;

    /// <summary>Takes an assistant message apart again, with its opaque parts where they are this wire's and still fit.</summary>
    public static List<AnswerPart> Of(ChatMessage message, string wire)
    {
        try
        {
            if (message.Reasoning is { } reasoning
                && JsonNode.Parse(reasoning) is JsonObject kept && (string?)kept["wire"] == wire && kept["parts"] is JsonArray places
                && Arrange(places, message) is { } parts)
            {
                return parts;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            // Another provider's reasoning, or a broken one: the conversation goes on without it.
        }

        return [.. message.Text.Length > 0 ? [new AnswerPart(message.Text, null, null)] : (AnswerPart[])[], .. message.ToolCalls.Select(c => new AnswerPart(null, c, null))];
    }

    private static List<AnswerPart>? Arrange(JsonArray places, ChatMessage message)
    {
        var parts = new List<AnswerPart>();
        var (text, calls) = (0, 0);
        foreach (var place in places.OfType<JsonObject>())
        {
            if (place["opaque"] is JsonObject opaque)
            {
                parts.Add(new(null, null, opaque.DeepClone().AsObject()));
            }
            else if (place["text"] is { } length)
            {
                parts.Add(new(message.Text.Substring(text, length.GetValue<int>()), null, null));
                text += length.GetValue<int>();
            }
            else
            {
                parts.Add(new(null, message.ToolCalls[calls++], null));
            }
        }

        // A message that was changed since has other places.
        return text == message.Text.Length && calls == message.ToolCalls.Length ? parts.FindAll(p => p.Text is not "") : null;
    }
}
