using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cairn.Tools.Calls;

/// <summary>
/// Looks at a schema that somebody else wrote before the validator does: a reference out of it would make the validator read
/// files or URLs, a regular expression could hold it up for hours.
/// </summary>
internal static class SchemaGuard
{
    /// <summary>The longest schema.</summary>
    public const int MaxChars = 64 * 1024;

    private const int MaxDepth = 32;

    /// <summary>What is wrong with the schema; null when it may be used.</summary>
    public static string? Problem(JsonNode? schema)
    {
        if (schema is not JsonObject root)
        {
            return "the schema is no JSON object";
        }

        if (root.ToJsonString().Length > MaxChars)
        {
            return $"the schema is longer than {MaxChars:N0} characters";
        }

        if (!Is(root["type"], "object"))
        {
            return "the schema's type must be \"object\"";
        }

        return OutwardReference(root, 0) ?? Unusable(root);
    }

    /// <summary>Takes out what only the author of a schema can be trusted with: regular expressions.</summary>
    public static void Harmless(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject item:
                // A property may be called pattern; the keyword has a text.
                if (item["pattern"] is JsonValue)
                {
                    item.Remove("pattern");
                }

                item.Remove("patternProperties");
                foreach (var (_, child) in item)
                {
                    Harmless(child);
                }

                break;
            case JsonArray list:
                foreach (var child in list)
                {
                    Harmless(child);
                }

                break;
            default:
                break;
        }
    }

    private static string? OutwardReference(JsonNode? node, int depth)
    {
        if (depth > MaxDepth)
        {
            return $"the schema is nested more than {MaxDepth} deep";
        }

        switch (node)
        {
            case JsonObject item:
                foreach (var (name, child) in item)
                {
                    if (name is "$ref" or "$dynamicRef" && !(child is JsonValue value && value.TryGetValue<string>(out var to) && to.StartsWith('#')))
                    {
                        return "the schema refers to something outside of itself ($ref)";
                    }

                    if (OutwardReference(child, depth + 1) is { } problem)
                    {
                        return problem;
                    }
                }

                return null;
            case JsonArray list:
                return list.Select(child => OutwardReference(child, depth + 1)).FirstOrDefault(p => p is not null);
            default:
                return null;
        }
    }

    private static string? Unusable(JsonObject root)
    {
        try
        {
            // Nothing outside is referred to, so this does no I/O.
            _ = NJsonSchema.JsonSchema.FromJsonAsync(root.ToJsonString()).GetAwaiter().GetResult();
            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return $"the schema cannot be read: {e.Message}";
        }
    }

    private static bool Is(JsonNode? node, string text) => node is JsonValue value && value.TryGetValue<string>(out var found) && found == text;
}
