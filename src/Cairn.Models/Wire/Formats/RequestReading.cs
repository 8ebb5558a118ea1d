using System.Text.Json;

namespace Cairn.Models;

/// <summary>What the readers of all formats need of a request.</summary>
internal static class RequestReading
{
    /// <summary>The most characters of JSON that are quoted in an error.</summary>
    private const int MaxQuoted = 60;

    public static double? Real(this JsonElement parent, string name) =>
        parent.TryGet(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    public static long? Whole(this JsonElement parent, string name) =>
        parent.TryGet(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;

    public static bool? Truth(this JsonElement parent, string name) =>
        parent.TryGet(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    public static bool Has(this JsonElement parent, string name) =>
        parent.TryGet(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined);

    /// <summary>A text, or the texts of a list.</summary>
    public static void Texts(this JsonElement parent, string name, List<string> into)
    {
        if (parent.Text(name) is { Length: > 0 } one)
        {
            into.Add(one);
        }

        into.AddRange(parent.List(name).Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!));
    }

    /// <summary>Content that is a text or a list of parts.</summary>
    public static List<WirePart> Content(JsonElement parent, string name, Func<JsonElement, WirePart?> part)
    {
        if (!parent.TryGet(name, out var content) || content.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        return content.ValueKind switch
        {
            JsonValueKind.String => content.GetString() is { Length: > 0 } text ? [WirePart.OfText(text)] : [],
            JsonValueKind.Array => [.. content.EnumerateArray().Select(part).OfType<WirePart>()],
            _ => throw new WireRequestException($"'{name}' is neither a text nor a list.", name),
        };
    }

    public static string Schema(this JsonElement parent, string name) =>
        parent.TryGet(name, out var schema) && schema.ValueKind == JsonValueKind.Object ? schema.GetRawText() : """{"type":"object","properties":{}}""";

    public static WireRequestException Unknown(string what, JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.Object ? value.Text("type") : value.GetRawText();
        return new($"This model's provider speaks another format, and {what} '{(text.Length <= MaxQuoted ? text : text[..MaxQuoted])}' cannot be put into it.");
    }
}
