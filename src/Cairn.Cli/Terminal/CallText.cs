using System.Text.Json;

namespace Cairn.Cli.Terminal;

/// <summary>A tool call's arguments in a few words.</summary>
internal static class CallText
{
    private const int Longest = 60;
    private static readonly string[] Telling = ["command", "input", "path", "pattern", "question", "summary"];

    public static string Of(string tool, string arguments)
    {
        try
        {
            using var json = JsonDocument.Parse(arguments);
            if (json.RootElement.ValueKind == JsonValueKind.Object)
            {
                var parts = Telling
                    .Select(name => json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "")
                    .Where(text => text.Length > 0).Take(2);
                return Safe.Line(string.Join("  ", parts), Longest);
            }
        }
        catch (JsonException)
        {
            // The arguments are shown as they are.
        }

        return Safe.Line(arguments, Longest);
    }
}
