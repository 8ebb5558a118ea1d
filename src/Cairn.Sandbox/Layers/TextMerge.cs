using System.Text;
using DiffPlex;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Line-based three-way merge. Changes of both sides that overlap or touch are a conflict, unless they are the same.
/// Line ends are part of the lines, so no byte outside the changed lines is touched.
/// </summary>
internal static class TextMerge
{
    /// <summary>Larger files are not merged line by line.</summary>
    public const int MaxBytes = 4 << 20;

    private static readonly UTF8Encoding Strict = new(false, true);

    /// <summary>The merged bytes; null when the sides clash or are no text.</summary>
    public static byte[]? TryMerge(byte[] origin, byte[] ours, byte[] theirs)
    {
        if (Text(origin) is not { } o || Text(ours) is not { } a || Text(theirs) is not { } b)
        {
            return null;
        }

        var lines = Lines(o);
        var merged = Merge(lines, Changes(o, a), Changes(o, b));
        return merged is null ? null : Strict.GetBytes(merged);
    }

    private static string? Merge(string[] origin, List<Hunk> ours, List<Hunk> theirs)
    {
        var text = new StringBuilder();
        int at = 0, i = 0, j = 0;
        while (i < ours.Count || j < theirs.Count)
        {
            var a = i < ours.Count ? ours[i] : null;
            var b = j < theirs.Count ? theirs[j] : null;
            Hunk take;
            if (a is not null && b is not null && a.Start <= b.End && b.Start <= a.End)
            {
                if (a.Start != b.Start || a.End != b.End || a.Text != b.Text)
                {
                    return null;
                }

                take = a;
                i++;
                j++;
            }
            else if (b is null || (a is not null && a.Start < b.Start))
            {
                take = a!;
                i++;
            }
            else
            {
                take = b;
                j++;
            }

            text.AppendJoin("", origin[at..take.Start]).Append(take.Text);
            at = take.End;
        }

        return text.AppendJoin("", origin[at..]).ToString();
    }

    private static List<Hunk> Changes(string origin, string changed)
    {
        var diff = new Differ().CreateCustomDiffs(origin, changed, false, false, Lines);
        return [.. diff.DiffBlocks.Select(d => new Hunk(
            d.DeleteStartA, d.DeleteStartA + d.DeleteCountA, string.Concat(diff.PiecesNew.Skip(d.InsertStartB).Take(d.InsertCountB))))];
    }

    /// <summary>Lines with their ends; a last line without one stays without.</summary>
    private static string[] Lines(string text)
    {
        var lines = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\n', at);
            end = end < 0 ? text.Length : end + 1;
            lines.Add(text[at..end]);
            at = end;
        }

        return [.. lines];
    }

    private static string? Text(byte[] bytes)
    {
        if (bytes.Length > MaxBytes || bytes.AsSpan().Contains((byte)0))
        {
            return null;
        }

        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private sealed record Hunk(int Start, int End, string Text);
}
