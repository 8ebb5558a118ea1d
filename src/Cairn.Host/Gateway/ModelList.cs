using System.Buffers;
using System.Text.Json;

namespace Cairn.Host;

/// <summary>The list of models in the one shape that both OpenAI's and Anthropic's clients read.</summary>
internal static class ModelList
{
    private const string Since = "2025-01-01T00:00:00Z";

    public static ReadOnlyMemory<byte> Of(IEnumerable<string> ids)
    {
        var output = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(output);
        string? first = null, last = null;
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        foreach (var id in ids)
        {
            first ??= id;
            last = id;
            json.WriteStartObject();
            json.WriteString("id", id);
            json.WriteString("object", "model");
            json.WriteString("type", "model");
            json.WriteString("display_name", id);
            json.WriteNumber("created", DateTimeOffset.Parse(Since, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeSeconds());
            json.WriteString("created_at", Since);
            json.WriteString("owned_by", id.Split(':')[0]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("has_more", false);
        json.WriteString("first_id", first);
        json.WriteString("last_id", last);
        json.WriteEndObject();
        json.Flush();
        return output.WrittenMemory;
    }
}
