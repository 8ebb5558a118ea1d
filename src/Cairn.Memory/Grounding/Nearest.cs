namespace Cairn.Memory.Grounding;

/// <summary>Finds what was probably meant.</summary>
internal static class Nearest
{
    private const int MaxLength = 256;
    private const int MaxTyped = 40;
    private const int Most = 3;

    /// <summary>The names nearest to a wrong one, best first; none when nothing is near.</summary>
    public static IReadOnlyList<string> Names(string wrong, IEnumerable<string> names, double least = 0.5) =>
        [.. names.Distinct(StringComparer.Ordinal).Select(name => (Name: name, Score: Score(wrong, name))).Where(each => each.Score >= least)
            .OrderByDescending(each => each.Score).ThenBy(each => each.Name, StringComparer.Ordinal).Take(Most).Select(each => each.Name)];

    /// <summary>The paths nearest to a wrong one: by the whole path, or by its last part.</summary>
    public static IReadOnlyList<string> Paths(string wrong, IEnumerable<string> paths)
    {
        var name = Last(wrong);
        return [.. paths.Select(path => (Path: path, Score: Math.Max(Score(wrong, path), 0.95 * Score(name, Last(path))))).Where(each => each.Score >= 0.5)
            .OrderByDescending(each => each.Score).ThenBy(each => each.Path, StringComparer.Ordinal).Take(Most).Select(each => each.Path)];
    }

    /// <summary>0 (nothing in common) to 1 (equal but for case): by pairs of characters, or by how few keys were hit wrong.</summary>
    public static double Score(string a, string b) => Math.Max(Pairs(a, b), Typing(a, b));

    /// <summary>The share of characters that need no insertion, removal, replacement or swap of neighbours.</summary>
    private static double Typing(string a, string b)
    {
        if (a.Length is 0 or > MaxTyped || b.Length is 0 or > MaxTyped)
        {
            return 0;
        }

        Span<int> last = stackalloc int[b.Length + 1], row = stackalloc int[b.Length + 1], next = stackalloc int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            next[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var same = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]);
                next[j] = Math.Min(Math.Min(next[j - 1], row[j]) + 1, row[j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 2]) && char.ToLowerInvariant(a[i - 2]) == char.ToLowerInvariant(b[j - 1]))
                {
                    next[j] = Math.Min(next[j], last[j - 2] + 1);
                }
            }

            row.CopyTo(last);
            next.CopyTo(row);
        }

        return 1 - ((double)row[b.Length] / Math.Max(a.Length, b.Length));
    }

    // Dice's coefficient.
    private static double Pairs(string a, string b)
    {
        if (a.Equals(b, StringComparison.OrdinalIgnoreCase))
        {
            return 1;
        }

        if (a.Length is < 2 or > MaxLength || b.Length is < 2 or > MaxLength)
        {
            return 0;
        }

        Span<int> left = stackalloc int[a.Length - 1];
        Fill(a, left);
        var shared = 0;
        for (var i = 0; i + 1 < b.Length; i++)
        {
            var at = left.IndexOf(Pair(b, i));
            if (at >= 0)
            {
                left[at] = -1;
                shared++;
            }
        }

        return 2.0 * shared / (a.Length + b.Length - 2);
    }

    private static string Last(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static void Fill(string text, Span<int> pairs)
    {
        for (var i = 0; i + 1 < text.Length; i++)
        {
            pairs[i] = Pair(text, i);
        }
    }

    private static int Pair(string text, int at) => (char.ToLowerInvariant(text[at]) << 16) | char.ToLowerInvariant(text[at + 1]);
}
