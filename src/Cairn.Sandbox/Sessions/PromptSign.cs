using System.Globalization;
using System.Text.RegularExpressions;

namespace Cairn.Sandbox.Sessions;

/// <summary>What a shell prints into its terminal before each prompt: an operating system command that terminals ignore.</summary>
internal static partial class PromptSign
{
    private const string Start = "\e]7777;";

    public static string Of(int prompt) => string.Create(CultureInfo.InvariantCulture, $"{Start}{prompt}\a");

    public static string Without(string text) => Sign().Replace(text, "");

    /// <summary>The text may become a sign when more of it comes.</summary>
    public static bool IsBeginning(ReadOnlySpan<char> text) =>
        text.Length < Start.Length ? Start.AsSpan().StartsWith(text) : text.Length < Start.Length + 12 && text.StartsWith(Start);

    [GeneratedRegex("\e\\]7777;[0-9]{1,10}\a")]
    private static partial Regex Sign();
}
