using System.Text;

namespace Cairn.Cli.Terminal;

/// <summary>
/// Makes text of models, tools and repositories harmless for a terminal: it may hold escape sequences that move the
/// cursor, change the title or pose as Cairn's own output.
/// </summary>
internal static class Safe
{
    /// <summary>The text with control characters other than line breaks and tabs made visible.</summary>
    public static string Text(string text)
    {
        if (!text.Any(IsControl))
        {
            return text;
        }

        var safe = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            safe.Append(IsControl(c) ? '\uFFFD' : c);
        }

        return safe.ToString();
    }

    /// <summary>The text on one line, cut to a length.</summary>
    public static string Line(string text, int length)
    {
        var line = Text(text).ReplaceLineEndings(" ").Replace('\t', ' ');
        return line.Length <= length ? line : line[..(length - 1)] + "…";
    }

    private static bool IsControl(char c) =>
        (char.IsControl(c) && c is not ('\n' or '\t')) || c is >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069';
}
