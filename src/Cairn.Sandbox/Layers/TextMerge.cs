using System.Text;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>A part of a merged text: lines that are settled, or lines on which the sides clash.</summary>
/// <param name="Settled">The lines; null for a clash.</param>
/// <param name="Base">What both started from.</param>
/// <param name="Ours">The repository's.</param>
/// <param name="Theirs">The run's.</param>
internal sealed record TextPart(string? Settled, string Base, string Ours, string Theirs);

/// <summary>
/// Three-way merge of texts by lines, after the rules of diff3: changes of both sides that overlap or touch are a clash,
/// unless they come to the same. Line ends are part of the lines, so no byte outside the changed lines is touched.
/// </summary>
internal static class TextMerge
{
    /// <summary>Larger files are not merged line by line.</summary>
    public const int MaxBytes = 4 << 20;

    private static readonly UTF8Encoding Strict = new(false, true);

    /// <summary>The merged bytes; null when the sides clash or are no text.</summary>
    public static byte[]? TryMerge(byte[] origin, byte[] ours, byte[] theirs) =>
        Parts(origin, ours, theirs) is { } parts && parts.All(p => p.Settled is not null)
            ? Strict.GetBytes(string.Concat(parts.Select(p => p.Settled)))
            : null;

    /// <summary>Settled parts and clashes in order; null when a side is no text. Without a base, what both sides have is settled.</summary>
    public static List<TextPart>? Parts(byte[]? origin, byte[] ours, byte[] theirs)
    {
        if (Text(ours) is not { } a || Text(theirs) is not { } b)
        {
            return null;
        }

        if (origin is null)
        {
            return WithoutBase(Lines(a), Lines(b));
        }

        return Text(origin) is { } o ? Merge(Lines(o), Lines(a), Lines(b)) : null;
    }

    /// <summary>Both sides' lines where they clash, the repository's first.</summary>
    public static byte[] Union(List<TextPart> parts) => Strict.GetBytes(string.Concat(parts.Select(p => p.Settled ?? Ended(p.Ours) + p.Theirs)));

    /// <summary>The text with markers around what clashes.</summary>
    public static ConflictText Marked(List<TextPart> parts)
    {
        var text = new StringBuilder();
        var hunks = System.Collections.Immutable.ImmutableArray.CreateBuilder<ConflictHunk>();
        var size = MarkerSize(parts);
        foreach (var part in parts)
        {
            if (part.Settled is not null)
            {
                text.Append(part.Settled);
                continue;
            }

            if (text.Length > 0 && text[^1] != '\n')
            {
                text.Append('\n');
            }

            hunks.Add(new(1 + Count(text), part.Base, part.Ours, part.Theirs));
            text.Append('<', size).Append(" repository\n").Append(Ended(part.Ours))
                .Append('|', size).Append(" base\n").Append(Ended(part.Base))
                .Append('=', size).Append('\n').Append(Ended(part.Theirs))
                .Append('>', size).Append(" run\n");
        }

        return new(text.ToString(), hunks.ToImmutable());
    }

    private static List<TextPart> Merge(string[] origin, string[] ours, string[] theirs)
    {
        var a = LineDiff.Hunks(origin, ours);
        var b = LineDiff.Hunks(origin, theirs);
        var parts = new List<TextPart>();
        int at = 0, i = 0, j = 0;
        while (i < a.Count || j < b.Count)
        {
            var (firstA, firstB) = (i, j);
            var start = Math.Min(i < a.Count ? a[i].Start : int.MaxValue, j < b.Count ? b[j].Start : int.MaxValue);
            var end = start;
            while (true)
            {
                if (i < a.Count && a[i].Start <= end)
                {
                    end = Math.Max(end, a[i++].End);
                }
                else if (j < b.Count && b[j].Start <= end)
                {
                    end = Math.Max(end, b[j++].End);
                }
                else
                {
                    break;
                }
            }

            Add(parts, string.Concat(origin[at..start]));
            var here = Side(a, firstA, i, start, end, ours, origin);
            var there = Side(b, firstB, j, start, end, theirs, origin);
            if (i == firstA || j == firstB || here.SequenceEqual(there))
            {
                Add(parts, string.Concat(i == firstA ? there : here));
            }
            else
            {
                Clash(parts, origin[start..end], here, there);
            }

            at = end;
        }

        Add(parts, string.Concat(origin[at..]));
        return parts;
    }

    /// <summary>What one side has in the place of a range of the base.</summary>
    private static string[] Side(List<LineHunk> hunks, int first, int next, int start, int end, string[] side, string[] origin) =>
        first == next ? origin[start..end] : side[(hunks[first].NewStart - (hunks[first].Start - start))..(hunks[next - 1].NewEnd + (end - hunks[next - 1].End))];

    private static List<TextPart> WithoutBase(string[] ours, string[] theirs)
    {
        var parts = new List<TextPart>();
        var at = 0;
        foreach (var hunk in LineDiff.Hunks(ours, theirs))
        {
            Add(parts, string.Concat(ours[at..hunk.Start]));
            parts.Add(new(null, "", string.Concat(ours[hunk.Start..hunk.End]), string.Concat(theirs[hunk.NewStart..hunk.NewEnd])));
            at = hunk.End;
        }

        Add(parts, string.Concat(ours[at..]));
        return parts;
    }

    /// <summary>Lines that both sides begin or end with are not shown as clashing.</summary>
    private static void Clash(List<TextPart> parts, string[] origin, string[] ours, string[] theirs)
    {
        var shorter = Math.Min(ours.Length, theirs.Length);
        var head = 0;
        while (head < shorter && ours[head] == theirs[head])
        {
            head++;
        }

        var tail = 0;
        while (tail < shorter - head && ours[^(tail + 1)] == theirs[^(tail + 1)])
        {
            tail++;
        }

        Add(parts, string.Concat(ours[..head]));
        parts.Add(new(null, string.Concat(origin), string.Concat(ours[head..^tail]), string.Concat(theirs[head..^tail])));
        Add(parts, string.Concat(ours[^tail..]));
    }

    private static void Add(List<TextPart> parts, string settled)
    {
        if (settled.Length > 0)
        {
            parts.Add(new(settled, "", "", ""));
        }
    }

    /// <summary>Longer than any run of marker characters that a line of the text begins with.</summary>
    private static int MarkerSize(List<TextPart> parts)
    {
        const int Usual = 7;
        var size = Usual;
        foreach (var line in parts.SelectMany(p => new[] { p.Settled ?? "", p.Base, p.Ours, p.Theirs }).SelectMany(Lines))
        {
            var length = line.Length > 0 && line[0] is '<' or '|' or '=' or '>' ? line.Length - line.TrimStart(line[0]).Length : 0;
            size = Math.Max(size, length >= Usual ? length + 1 : 0);
        }

        return size;
    }

    private static string Ended(string lines) => lines.Length == 0 || lines[^1] == '\n' ? lines : lines + "\n";

    private static int Count(StringBuilder text)
    {
        var count = 0;
        foreach (var chunk in text.GetChunks())
        {
            count += chunk.Span.Count('\n');
        }

        return count;
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
}
