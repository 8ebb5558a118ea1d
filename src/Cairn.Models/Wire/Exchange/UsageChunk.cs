using System.Text.Json;

namespace Cairn.Models;

/// <summary>The last chunk of a Chat Completions stream that only carries the usage: the gateway asked for it, the client did not.</summary>
internal static class UsageChunk
{
    public static bool Is(ReadOnlySpan<byte> data)
    {
        // Chunks with words in them are the many; they are told apart by one search.
        if (data.IndexOf("\"usage\""u8) < 0)
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(data);
            using var chunk = JsonDocument.ParseValue(ref reader);
            return chunk.RootElement.TryGet("choices", out var choices) && choices.ValueKind == JsonValueKind.Array && choices.GetArrayLength() == 0
                && chunk.RootElement.Has("usage");
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
