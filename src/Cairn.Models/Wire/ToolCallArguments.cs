using System.Text.Json;

namespace Cairn.Models;

/// <summary>The arguments of a tool call as both providers deliver them: JSON text in fragments.</summary>
internal static class ToolCallArguments
{
    /// <summary>A call without arguments comes as an empty text; the registry expects an object.</summary>
    public static string OrEmptyObject(string arguments) => string.IsNullOrWhiteSpace(arguments) ? "{}" : arguments;

    /// <summary>True for a complete JSON value. An answer that hit its length limit may end within a call.</summary>
    public static bool AreComplete(string arguments)
    {
        try
        {
            using var document = JsonDocument.Parse(arguments);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
