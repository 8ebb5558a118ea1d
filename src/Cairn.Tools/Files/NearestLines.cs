using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Cairn.Tools.Calls;

namespace Cairn.Tools.Files;

/// <summary>Shows where in a file a text that is not there may have been meant.</summary>
internal static partial class NearestLines
{
    private const int MaxScannedLines = 20_000;
    private const int MaxPlaces = 3;
    private const int Around = 2;
    private const int MaxShownLines = 30;
    private const int MaxLineChars = 300;

    public static string Describe(string text, string old)
    {
        var lines = text.Split('\n').Take(MaxScannedLines).Select(l => l.TrimEnd('\r')).ToArray();
        var wanted = old.Replace("\r\n", "\n", StringComparison.Ordinal).Trim('\n').Split('\n');
        var hint = LineNumber().IsMatch(wanted[0]) && !lines.Any(LineNumber().IsMatch)
            ? " It begins with a line number: leave out the numbers that read_file shows."
            : "";
        if (SameButSpace(lines, wanted) is { } at)
        {
            return $"'old' is not in the file.{hint} It differs only in white space from lines {at + 1}-{at + wanted.Length}, which are exactly:\n"
                + Shown(lines, at, at + wanted.Length);
        }

        var near = Nearest(lines, wanted);
        return near.Count == 0
            ? $"'old' is not in the file, nor anything like it.{hint} Read the file again."
            : $"'old' is not in the file.{hint} The nearest lines are:\n"
                + string.Join("  …\n", near.Select(n => Shown(lines, n - Around, n + wanted.Length + Around)));
    }

    private static int? SameButSpace(string[] lines, string[] wanted)
    {
        var keys = Array.ConvertAll(wanted, Squeezed);
        if (keys.All(k => k.Length == 0))
        {
            return null;
        }

        for (var i = 0; i + keys.Length <= lines.Length; i++)
        {
            var same = true;
            for (var j = 0; same && j < keys.Length; j++)
            {
                same = Squeezed(lines[i + j]) == keys[j];
            }

            if (same)
            {
                return i;
            }
        }

        return null;
    }

    private static string Squeezed(string line) => Space().Replace(line, " ").Trim();

    private static List<int> Nearest(string[] lines, string[] wanted)
    {
        var first = wanted.Select((w, i) => (Text: w.Trim(), At: i)).FirstOrDefault(w => w.Text.Length > 1, (Text: "", At: 0));
        if (first.Text.Length == 0)
        {
            return [];
        }

        return [.. lines
            .Select((l, i) => (At: i - first.At, Score: Similar.Score(first.Text, l.Trim())))
            .Where(x => x.Score >= 0.5)
            .OrderByDescending(x => x.Score)
            .ThenBy(x => x.At)
            .Take(MaxPlaces)
            .Select(x => Math.Max(0, x.At))
            .Order()];
    }

    private static string Shown(string[] lines, int from, int to)
    {
        var shown = new StringBuilder();
        from = Math.Max(0, from);
        to = Math.Min(Math.Min(lines.Length, to), from + MaxShownLines);
        for (var i = from; i < to; i++)
        {
            var line = lines[i].Length > MaxLineChars ? lines[i][..MaxLineChars] + " …" : lines[i];
            shown.Append(CultureInfo.InvariantCulture, $"{i + 1,6}\t{line}\n");
        }

        return shown.ToString();
    }

    [GeneratedRegex(@"^\s*\d+\t")]
    private static partial Regex LineNumber();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
