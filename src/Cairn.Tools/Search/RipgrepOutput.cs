using System.Globalization;

namespace Cairn.Tools.Search;

/// <summary>One line of ripgrep's answer.</summary>
/// <param name="Path">The file; empty for a gap between groups of lines.</param>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Text">Its text.</param>
/// <param name="IsMatch">It matches; else it is context.</param>
internal sealed record FoundLine(string Path, int Line, string Text, bool IsMatch)
{
    /// <summary>Lines between the one before and the one after are not shown.</summary>
    public bool IsGap => Path.Length == 0;
}

/// <summary>
/// Reads what rg --null --line-number prints: path, NUL, number, ':' or '-', text. The NUL ends the path, so that any
/// file name, even one with a line feed, is read right.
/// </summary>
internal static class RipgrepOutput
{
    private static readonly FoundLine Gap = new("", 0, "--", false);

    public static List<FoundLine> Parse(string output)
    {
        var found = new List<FoundLine>();
        var pathSoFar = "";
        foreach (var line in output.Split('\n'))
        {
            var nul = line.IndexOf('\0', StringComparison.Ordinal);
            if (nul < 0)
            {
                if (line == "--")
                {
                    found.Add(Gap);
                }

                // The first part of a file name with a line feed, or a remark such as "binary file matches".
                pathSoFar = line.StartsWith("./", StringComparison.Ordinal) && !line.Contains("binary file matches", StringComparison.OrdinalIgnoreCase)
                    ? pathSoFar + line + "\n"
                    : pathSoFar.Length > 0 ? pathSoFar + line + "\n" : "";
                continue;
            }

            var path = pathSoFar + line[..nul];
            pathSoFar = "";
            var digits = nul + 1;
            while (digits < line.Length && char.IsAsciiDigit(line[digits]))
            {
                digits++;
            }

            if (digits < line.Length && line[digits] is ':' or '-'
                && int.TryParse(line.AsSpan(nul + 1, digits - nul - 1), CultureInfo.InvariantCulture, out var number))
            {
                found.Add(new FoundLine(
                    path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path, number, line[(digits + 1)..].TrimEnd('\r'), line[digits] == ':'));
            }
        }

        return found;
    }
}
