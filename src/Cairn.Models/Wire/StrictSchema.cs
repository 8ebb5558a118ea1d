using System.Text.Json.Nodes;

namespace Cairn.Models;

/// <summary>OpenAI enforces a schema token by token ("strict") only when it leaves nothing open.</summary>
internal static class StrictSchema
{
    private const int MaxDepth = 32;

    /// <summary>Every object names all of its properties as required and allows no others.</summary>
    public static bool Fits(string schema) => Fits(JsonNode.Parse(schema), 0);

    private static bool Fits(JsonNode? node, int depth) => depth <= MaxDepth && node switch
    {
        JsonObject item => IsClosed(item) && item.All(p => Fits(p.Value, depth + 1)),
        JsonArray items => items.All(i => Fits(i, depth + 1)),
        _ => true,
    };

    private static bool IsClosed(JsonObject item)
    {
        if (item["properties"] is not JsonObject properties)
        {
            return true;
        }

        var required = item["required"] is JsonArray names ? names.Select(n => (string?)n).ToHashSet() : [];
        return item["additionalProperties"] is JsonValue more && more.TryGetValue(out bool allowed) && !allowed && properties.All(p => required.Contains(p.Key));
    }
}
