using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cairn.Tools.Lsp;

/// <summary>A part of a document, as the protocol names it.</summary>
internal readonly record struct LspRange(LspPosition Start, LspPosition End);

/// <summary>A part of some document.</summary>
internal readonly record struct LspLocation(string Uri, LspRange Range);

/// <summary>Reads and writes the shapes of the protocol. What a server leaves out or gets wrong is left out here too.</summary>
internal static class LspJson
{
    public static JsonObject Document(string uri) => new() { ["uri"] = uri };

    public static JsonObject At(string uri, LspPosition position) => new() { ["textDocument"] = Document(uri), ["position"] = Of(position) };

    public static JsonObject Of(LspPosition position) => new() { ["line"] = position.Line, ["character"] = position.Character };

    public static JsonObject Of(LspRange range) => new() { ["start"] = Of(range.Start), ["end"] = Of(range.End) };

    /// <summary>A property; undefined when the element is no object or has none.</summary>
    public static JsonElement Get(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    public static string? String(this JsonElement element, string name) =>
        element.Get(name) is { ValueKind: JsonValueKind.String } value && Readable(value) is { } text ? text : null;

    public static int? Int(this JsonElement element, string name) =>
        element.Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number : null;

    /// <summary>The items of a list; none when it is no list.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement element) => element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : [];

    /// <summary>A capability is there: an object, or true.</summary>
    public static bool Has(this JsonElement capabilities, string name) => capabilities.Get(name).ValueKind is JsonValueKind.True or JsonValueKind.Object;

    public static LspRange? Range(JsonElement element)
    {
        return Position(element.Get("start")) is { } start && Position(element.Get("end")) is { } end ? new LspRange(start, end) : null;
    }

    private static LspPosition? Position(JsonElement element) =>
        element.Int("line") is { } line && element.Int("character") is { } character && line >= 0 && character >= 0 ? new(line, character) : null;

    /// <summary>One place or many, with or without where they were asked from.</summary>
    public static IEnumerable<LspLocation> Locations(JsonElement result)
    {
        IEnumerable<JsonElement> all = result.ValueKind == JsonValueKind.Object ? [result] : result.Items();
        foreach (var item in all.Take(LspLimits.Places))
        {
            if ((item.String("uri") ?? item.String("targetUri")) is { } uri
                && (Range(item.Get("range")) ?? Range(item.Get("targetSelectionRange"))) is { } range)
            {
                yield return new(uri, range);
            }
        }
    }

    /// <summary>Text with or without marks.</summary>
    public static string Markup(JsonElement contents) => contents.ValueKind switch
    {
        JsonValueKind.String => Readable(contents) ?? "",
        JsonValueKind.Object => contents.String("value") ?? "",
        JsonValueKind.Array => string.Join("\n\n", contents.EnumerateArray().Select(Markup).Where(t => t.Length > 0)),
        _ => "",
    };

    private static string? Readable(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair.
            return null;
        }
    }
}
