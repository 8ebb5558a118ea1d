using System.Text.RegularExpressions;

namespace Cairn.Memory.Indexing;

/// <summary>What a text within code refers to: tables and columns of a query.</summary>
internal static partial class TextMentions
{
    private const int LongestQuery = 20_000;

    /// <summary>The tables that a query reads and writes; nothing for a text that is no query.</summary>
    public static IEnumerable<Mention> Of(string text, string from, int line)
    {
        if (text.Length is < 10 or > LongestQuery || !Query().IsMatch(text))
        {
            yield break;
        }

        foreach (Match match in Table().Matches(text))
        {
            var type = match.Groups[1].Value.Split(' ', '\t', '\n')[0].ToUpperInvariant() is "FROM" or "JOIN" && !IsDelete(text, match.Index) ? "READS" : "WRITES";
            var name = match.Groups[2].Value.Trim('"', '`', '[', ']');
            yield return new(type, from, name, "Table", line + text.AsSpan(0, match.Index).Count('\n'));
        }

        foreach (Match insert in Insert().Matches(text))
        {
            foreach (var column in insert.Groups[2].Value.Split(',').Select(each => each.Trim().Trim('"', '`')).Where(each => Name().IsMatch(each)))
            {
                yield return new("WRITES", from, $"{insert.Groups[1].Value.Trim('"', '`')}.{column}", "Column", line);
            }
        }
    }

    private static bool IsDelete(string text, int at) => text[..at].TrimEnd().EndsWith("DELETE", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"^\s*(?:--[^\n]*\n\s*)*(?:SELECT\s[\s\S]*\bFROM\b|INSERT\s+INTO\b|UPDATE\s+[\w.""`\[\]]+\s+SET\b|DELETE\s+FROM\b|WITH\s+\w+\s+AS\s*\()", RegexOptions.IgnoreCase)]
    private static partial Regex Query();

    [GeneratedRegex(@"\b(FROM|JOIN|INSERT\s+INTO|UPDATE)\s+((?:[\w""`\[\]]+\.)?[\w""`\[\]]+)(?!\s*\()", RegexOptions.IgnoreCase)]
    private static partial Regex Table();

    [GeneratedRegex(@"INSERT\s+INTO\s+([\w.""`]+)\s*\(([^)]*)\)", RegexOptions.IgnoreCase)]
    private static partial Regex Insert();

    [GeneratedRegex(@"^\w+$")]
    private static partial Regex Name();
}
