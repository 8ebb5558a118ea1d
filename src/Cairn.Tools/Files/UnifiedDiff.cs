using System.Globalization;
using System.Text;
using DiffPlex;
using DiffPlex.Model;

namespace Cairn.Tools.Files;

/// <summary>A unified diff of two texts, bounded in work and length.</summary>
public static class UnifiedDiff
{
    private const int MaxInputLines = 20_000;
    private const int Context = 3;

    /// <summary>The diff's hunks; a sentence in their place when the texts are too long to compare.</summary>
    public static string Between(string before, string after, int maxLines)
    {
        if (before.AsSpan().Count('\n') + after.AsSpan().Count('\n') > MaxInputLines)
        {
            return "(too long to compare line by line)";
        }

        var diff = new Differ().CreateLineDiffs(WithoutLastEnding(before), WithoutLastEnding(after), ignoreWhitespace: false);
        var text = new StringBuilder();
        for (var i = 0; i < diff.DiffBlocks.Count;)
        {
            var next = i + 1;
            while (next < diff.DiffBlocks.Count && Gap(diff.DiffBlocks[next - 1], diff.DiffBlocks[next]) <= 2 * Context)
            {
                next++;
            }

            Hunk(text, diff, i, next);
            i = next;
        }

        if (before.EndsWith('\n') != after.EndsWith('\n'))
        {
            text.Append(after.EndsWith('\n') ? "(a newline was added at the end)\n" : "(the newline at the end is gone)\n");
        }

        var lines = text.ToString().TrimEnd('\n').Split('\n');
        return lines.Length <= maxLines
            ? string.Join('\n', lines)
            : string.Join('\n', lines.Take(maxLines)) + $"\n… [{lines.Length - maxLines} more lines of diff]";
    }

    // The comparer would take what follows the last line ending for one more, empty line.
    private static string WithoutLastEnding(string text) => text.EndsWith('\n') ? text[..^1].TrimEnd('\r') : text;

    private static int Gap(DiffBlock a, DiffBlock b) => b.DeleteStartA - (a.DeleteStartA + a.DeleteCountA);

    private static void Hunk(StringBuilder text, DiffResult diff, int first, int end)
    {
        var (head, tail) = (diff.DiffBlocks[first], diff.DiffBlocks[end - 1]);
        var fromA = Math.Max(0, head.DeleteStartA - Context);
        var toA = Math.Min(diff.PiecesOld.Length, tail.DeleteStartA + tail.DeleteCountA + Context);
        var fromB = head.InsertStartB - (head.DeleteStartA - fromA);
        var toB = tail.InsertStartB + tail.InsertCountB + (toA - tail.DeleteStartA - tail.DeleteCountA);
        text.Append(CultureInfo.InvariantCulture, $"@@ -{Range(fromA, toA)} +{Range(fromB, toB)} @@\n");
        var at = fromA;
        for (var i = first; i < end; i++)
        {
            var block = diff.DiffBlocks[i];
            Lines(text, ' ', diff.PiecesOld, at, block.DeleteStartA);
            Lines(text, '-', diff.PiecesOld, block.DeleteStartA, block.DeleteStartA + block.DeleteCountA);
            Lines(text, '+', diff.PiecesNew, block.InsertStartB, block.InsertStartB + block.InsertCountB);
            at = block.DeleteStartA + block.DeleteCountA;
        }

        Lines(text, ' ', diff.PiecesOld, at, toA);
    }

    // As diff(1) writes it: an empty range begins at the line before it.
    private static string Range(int from, int to) =>
        string.Create(CultureInfo.InvariantCulture, $"{(to == from ? from : from + 1)},{to - from}");

    private static void Lines(StringBuilder text, char sign, string[] pieces, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            text.Append(sign).Append(pieces[i]).Append('\n');
        }
    }
}
