namespace Cairn.Kernel;

/// <summary>Of what a search found, the first match of each file: where something is stays known, not each line of it.</summary>
internal static class SearchOutline
{
    private const int MaxFiles = 60;

    public static IEnumerable<int> Lines(string[] lines)
    {
        yield return 0;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 1; i < lines.Length && seen.Count < MaxFiles; i++)
        {
            var colon = lines[i].IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && seen.Add(lines[i][..colon]))
            {
                yield return i;
            }
        }
    }
}
