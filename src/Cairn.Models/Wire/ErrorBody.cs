using System.Text.Json;

namespace Cairn.Models;

/// <summary>
/// What a refusal's body says. OpenAI, Anthropic and the local servers all answer {"error":{"message","type",…}};
/// some put a bare text there.
/// </summary>
internal sealed record ErrorBody(string Message, string Type, string Code, string Parameter)
{
    public static ErrorBody Parse(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var error))
            {
                return error.ValueKind == JsonValueKind.Object
                    ? new(Text(error, "message"), Text(error, "type"), Text(error, "code"), Text(error, "param"))
                    : new(error.ToString(), "", "", "");
            }

            return root.ValueKind == JsonValueKind.Object
                ? new(Text(root, "message") is { Length: > 0 } message ? message : Text(root, "detail"), Text(root, "type"), Text(root, "code"), "")
                : new("", "", "", "");
        }
        catch (JsonException)
        {
            return new(body, "", "", "");
        }
    }

    private static string Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? value.ToString() : "";
}
