using System.Globalization;
using System.Text;
using DiffPlex;

namespace Cairn.Host;

/// <summary>A text difference in the unified format that patch and git apply take.</summary>
internal static class UnifiedDiff
{
    private const int Context = 3;

    public static string Of(string path, string before, string after)
    {
        var diff = new Differ().CreateLineDiffs(before, after, ignoreWhitespace: false);
        var output = new StringBuilder();
        output.Append(CultureInfo.InvariantCulture, $"--- {(before.Length == 0 ? "/dev/null" : $"a/{path}")}\n+++ {(after.Length == 0 ? "/dev/null" : $"b/{path}")}\n");
        var (old, now) = (diff.PiecesOld, diff.PiecesNew);
        for (var i = 0; i < diff.DiffBlocks.Count;)
        {
            var last = i;
            while (last + 1 < diff.DiffBlocks.Count
                && diff.DiffBlocks[last + 1].DeleteStartA - (diff.DiffBlocks[last].DeleteStartA + diff.DiffBlocks[last].DeleteCountA) <= 2 * Context)
            {
                last++;
            }

            Hunk(output, [.. diff.DiffBlocks.Skip(i).Take(last - i + 1)], old, now);
            i = last + 1;
        }

        return output.ToString();
    }

    private static void Hunk(
        StringBuilder output, IReadOnlyList<DiffPlex.Model.DiffBlock> blocks, IReadOnlyList<string> old, IReadOnlyList<string> now)
    {
        var first = blocks[0];
        var final = blocks[^1];
        var start = Math.Max(0, first.DeleteStartA - Context);
        var end = Math.Min(Lines(old), final.DeleteStartA + final.DeleteCountA + Context);
        var startNow = first.InsertStartB - (first.DeleteStartA - start);
        var endNow = Math.Min(Lines(now), final.InsertStartB + final.InsertCountB + (end - final.DeleteStartA - final.DeleteCountA));
        output.Append(CultureInfo.InvariantCulture, $"@@ -{(end > start ? start + 1 : 0)},{end - start} +{(endNow > startNow ? startNow + 1 : 0)},{endNow - startNow} @@\n");
        var at = start;
        foreach (var block in blocks)
        {
            for (; at < block.DeleteStartA; at++)
            {
                output.Append(' ').Append(old[at]).Append('\n');
            }

            for (var i = 0; i < block.DeleteCountA && block.DeleteStartA + i < Lines(old); i++)
            {
                output.Append('-').Append(old[block.DeleteStartA + i]).Append('\n');
            }

            for (var i = 0; i < block.InsertCountB && block.InsertStartB + i < Lines(now); i++)
            {
                output.Append('+').Append(now[block.InsertStartB + i]).Append('\n');
            }

            at = block.DeleteStartA + block.DeleteCountA;
        }

        for (; at < end; at++)
        {
            output.Append(' ').Append(old[at]).Append('\n');
        }
    }

    /// <summary>A final line break makes an empty last piece that is no line.</summary>
    private static int Lines(IReadOnlyList<string> pieces) => pieces.Count > 0 && pieces[^1].Length == 0 ? pieces.Count - 1 : pieces.Count;
}
