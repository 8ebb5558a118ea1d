using System.Text.Json;

namespace Cairn.Models;

/// <summary>Reads events of a provider without trusting their shape: what is missing or of another kind is empty.</summary>
internal static class JsonReading
{
    public static string Text(this JsonElement parent, string name) =>
        parent.TryGet(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    public static long Number(this JsonElement parent, string name, long absent = 0) =>
        parent.TryGet(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : absent;

    /// <summary>The elements of a list; none when it is no list.</summary>
    public static IEnumerable<JsonElement> List(this JsonElement parent, string name) =>
        parent.TryGet(name, out var value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];

    public static bool TryGet(this JsonElement parent, string name, out JsonElement value)
    {
        value = default;
        return parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out value);
    }
}
