using System.Text;
using System.Text.Json;

namespace Cairn.Models;

/// <summary>
/// Reasoning that only its provider understands and that it wants back unchanged. Through a client of another format it travels
/// inside that format's own opaque field, marked, so that it comes back and is unpacked again.
/// </summary>
/// <param name="Format">Whose it is.</param>
/// <param name="Json">The item or block as it came.</param>
internal sealed record OpaqueReasoning(WireFormat Format, string Json)
{
    private const string Mark = "cairn.";

    /// <summary>The text for the field of another format.</summary>
    public string Pack() => $"{Mark}{Format}.{Convert.ToBase64String(Encoding.UTF8.GetBytes(Json))}";

    /// <summary>What stands in an opaque field, when it was packed here; null when it is the provider's own.</summary>
    public static OpaqueReasoning? Unpack(string text)
    {
        if (!text.StartsWith(Mark, StringComparison.Ordinal) || text.IndexOf('.', Mark.Length) is not (> 0 and var dot)
            || !Enum.TryParse<WireFormat>(text.AsSpan(Mark.Length, dot - Mark.Length), out var format))
        {
            return null;
        }

        try
        {
            var json = Encoding.UTF8.GetString(Convert.FromBase64String(text[(dot + 1)..]));
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object ? new(format, json) : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null; // Somebody changed it: the conversation goes on without.
        }
    }
}
