using System.Globalization;
using System.Text;

namespace Cairn.Kernel;

/// <summary>
/// Makes the short form of an answer without a model: which lines stay depends on what kind of answer it is, every gap says how
/// many lines are missing, and the last line says how to see them. Pure; what it made is journaled with the answer, so that a
/// later version of these rules changes no prompt of an old run.
/// </summary>
public static class Briefs
{
    /// <summary>Answers of fewer tokens have no short form: it would save too little.</summary>
    public const int LeastTokens = 300;

    /// <summary>The most lines of a short form, and characters of one of them.</summary>
    public const int MaxLines = 120;

    private const int MaxLineChars = 160;

    /// <summary>The short form; null when it would hardly be shorter.</summary>
    /// <param name="tool">The tool that answered.</param>
    /// <param name="text">The answer.</param>
    /// <param name="address">The answer's address.</param>
    public static string? Of(string tool, string text, string address)
    {
        ArgumentNullException.ThrowIfNull(tool);
        ArgumentNullException.ThrowIfNull(text);
        var lines = text.Split('\n');
        var (keep, what) = tool switch
        {
            "read_file" => (FileOutline.Lines(lines), "Outline"),
            "run_command" or "shell_send" => (CommandOutline.Lines(lines), "Beginning, end and lines that look like errors"),
            "search" => (SearchOutline.Lines(lines), "The first match of each file"),
            _ => (Ends(lines, 20, 10), "Beginning and end"),
        };
        var kept = new SortedSet<int>(keep.Take(MaxLines));
        var brief = Join(lines, kept).Append(CultureInfo.InvariantCulture, $"[{what} only: {kept.Count} of {lines.Length} lines. `recall` {address} shows all of it")
            .Append(tool == "read_file" ? " as it was, read_file shows the file as it is now.]" : ".]").ToString();
        return brief.Length < text.Length * 0.6 ? brief : null;
    }

    /// <summary>The first and the last lines.</summary>
    internal static IEnumerable<int> Ends(string[] lines, int head, int tail)
    {
        for (var i = 0; i < lines.Length; i++)
        {
            if (i < head || i >= lines.Length - tail)
            {
                yield return i;
            }
        }
    }

    private static StringBuilder Join(string[] lines, SortedSet<int> kept)
    {
        var text = new StringBuilder();
        var last = -1;
        foreach (var i in kept)
        {
            Gap(text, i - last - 1);
            var line = lines[i].TrimEnd('\r');
            text.Append(line.Length <= MaxLineChars ? line : $"{line[..MaxLineChars]} […]").Append('\n');
            last = i;
        }

        Gap(text, lines.Length - last - 1);
        return text;
    }

    private static void Gap(StringBuilder text, int missing)
    {
        if (missing > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"[… {missing} lines]\n");
        }
    }
}
