namespace Cairn.Tools.Calls;

/// <summary>Finds what was probably meant.</summary>
internal static class Similar
{
    private const int MaxLength = 256;

    /// <summary>The names nearest to a wrong one, best first; none when nothing is near.</summary>
    public static IReadOnlyList<string> Names(string wrong, IEnumerable<string> names, int count) =>
        [.. names
            .Select(n => (Name: n, Score: Score(wrong, n)))
            .Where(x => x.Score >= 0.4)
            .OrderByDescending(x => x.Score)
            .ThenBy(x => x.Name, StringComparer.Ordinal)
            .Take(count)
            .Select(x => x.Name)];

    /// <summary>0 (nothing in common) to 1 (equal but for case): Dice's coefficient over pairs of characters.</summary>
    public static double Score(string a, string b)
    {
        a = a.Length > MaxLength ? a[..MaxLength] : a;
        b = b.Length > MaxLength ? b[..MaxLength] : b;
        if (a.Equals(b, StringComparison.OrdinalIgnoreCase))
        {
            return 1;
        }

        if (a.Length < 2 || b.Length < 2)
        {
            return 0;
        }

        var pairs = Pairs(a);
        var shared = 0;
        for (var i = 0; i + 1 < b.Length; i++)
        {
            var key = Key(b, i);
            if (pairs.TryGetValue(key, out var left) && left > 0)
            {
                pairs[key] = left - 1;
                shared++;
            }
        }

        return 2.0 * shared / (a.Length + b.Length - 2);
    }

    private static Dictionary<(char, char), int> Pairs(string text)
    {
        var pairs = new Dictionary<(char, char), int>();
        for (var i = 0; i + 1 < text.Length; i++)
        {
            var key = Key(text, i);
            pairs[key] = pairs.GetValueOrDefault(key) + 1;
        }

        return pairs;
    }

    private static (char First, char Second) Key(string text, int at) =>
        (char.ToLowerInvariant(text[at]), char.ToLowerInvariant(text[at + 1]));
}
