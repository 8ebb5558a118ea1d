using System.Text.RegularExpressions;

namespace Cairn.Memory.Indexing;

/// <summary>Reads tables, columns, indexes and their changes from SQL.</summary>
internal static partial class SqlExtractor
{
    private static readonly HashSet<string> Constraints = new(StringComparer.OrdinalIgnoreCase)
    {
        "PRIMARY", "FOREIGN", "UNIQUE", "CHECK", "CONSTRAINT", "KEY", "INDEX", "EXCLUDE", "LIKE", "FULLTEXT",
    };

    public static (List<Entity> Entities, List<Mention> Mentions) Extract(string path, SourceText source)
    {
        var (entities, mentions) = (new List<Entity>(), new List<Mention>());
        var text = Comment().Replace(source.Text, match => Newline().Replace(match.Value, " "));
        var isMigration = path.Contains("migrat", StringComparison.OrdinalIgnoreCase);
        if (isMigration)
        {
            entities.Add(new("Migration", Path.GetFileNameWithoutExtension(path), "", 1, source.Lines, ""));
        }

        var from = isMigration ? Path.GetFileNameWithoutExtension(path) : "";
        foreach (Match match in CreateTable().Matches(text))
        {
            Table(match, text, source, from, entities, mentions);
        }

        foreach (Match match in AlterTable().Matches(text))
        {
            Alter(match, source, from, entities, mentions);
        }

        foreach (Match match in CreateIndex().Matches(text))
        {
            var table = Clean(match.Groups["table"].Value);
            entities.Add(new("Index", Clean(match.Groups["name"].Value), table, source.LineOf(match.Index), source.LineOf(match.Index + match.Length), match.Value));
            mentions.Add(new("INDEXES", $"{table}.{Clean(match.Groups["name"].Value)}", table, "Table", source.LineOf(match.Index)));
        }

        foreach (Match match in DropTable().Matches(text))
        {
            mentions.Add(new("DROPS", from, Clean(match.Groups["table"].Value), "Table", source.LineOf(match.Index)));
        }

        return (entities, mentions);
    }

    private static void Table(Match match, string text, SourceText source, string from, List<Entity> entities, List<Mention> mentions)
    {
        var name = Clean(match.Groups["table"].Value);
        var open = match.Index + match.Length - 1;
        var close = Close(text, open);
        var first = source.LineOf(match.Index);
        entities.Add(new("Table", name, "", first, source.LineOf(close), match.Value.TrimEnd('(', ' ', '\n')));
        if (from.Length > 0)
        {
            mentions.Add(new("CREATES", from, name, "Table", first));
        }

        foreach (var (at, part) in Split(text, open + 1, close))
        {
            var words = part.Split((char[])[' ', '\t', '\n', '\r'], 2, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
            {
                continue;
            }

            if (!Constraints.Contains(words[0]))
            {
                entities.Add(Column(name, part, source.LineOf(at)));
            }

            foreach (Match reference in References().Matches(part))
            {
                mentions.Add(new("REFERENCES", name, Clean(reference.Groups[1].Value), "Table", source.LineOf(at)));
            }
        }
    }

    private static void Alter(Match match, SourceText source, string from, List<Entity> entities, List<Mention> mentions)
    {
        var table = Clean(match.Groups["table"].Value);
        var line = source.LineOf(match.Index);
        mentions.Add(new("ALTERS", from, table, "Table", line));
        foreach (Match add in AddColumn().Matches(match.Groups["what"].Value))
        {
            if (!Constraints.Contains(add.Groups[1].Value.Split(' ')[0]))
            {
                entities.Add(Column(table, add.Groups[1].Value, line));
            }
        }

        foreach (Match drop in DropColumn().Matches(match.Groups["what"].Value))
        {
            mentions.Add(new("DROPS", from, $"{table}.{Clean(drop.Groups[1].Value)}", "Column", line));
        }

        foreach (Match rename in RenameColumn().Matches(match.Groups["what"].Value))
        {
            mentions.Add(new("DROPS", from, $"{table}.{Clean(rename.Groups[1].Value)}", "Column", line));
            entities.Add(new("Column", Clean(rename.Groups[2].Value), table, line, line, rename.Value));
        }
    }

    private static Entity Column(string table, string part, int line)
    {
        var match = ColumnHead().Match(part.Trim());
        var rest = match.Groups["rest"].Value;
        var properties = new Dictionary<string, string>
        {
            ["type"] = match.Groups["type"].Value.Trim(),
            ["nullable"] = NotNull().IsMatch(rest) ? "false" : "true",
        };
        if (Default().Match(rest) is { Success: true } given)
        {
            properties["default"] = given.Groups[1].Value;
        }

        return new("Column", Clean(match.Groups["name"].Value), table, line, line, Blanks().Replace(part.Trim(), " ")) { Properties = properties };
    }

    private static int Close(string text, int open)
    {
        var depth = 0;
        for (var i = open; i < text.Length; i++)
        {
            depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }

        return text.Length;
    }

    private static IEnumerable<(int At, string Part)> Split(string text, int from, int to)
    {
        var (depth, start) = (0, from);
        for (var i = from; i <= to && i <= text.Length; i++)
        {
            var c = i == to ? ',' : text[i];
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (c == ',' && depth == 0)
            {
                var part = text[start..i];
                yield return (start + part.Length - part.TrimStart().Length, part.Trim());
                start = i + 1;
            }
        }
    }

    private static string Clean(string name) => name[(name.LastIndexOf('.') + 1)..].Trim('"', '`', '[', ']', ' ', ';');

    [GeneratedRegex(@"--[^\n]*|/\*[\s\S]*?\*/")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\bCREATE\s+(?:TEMP\w*\s+|UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?<table>[\w.""`\[\]]+)\s*\(", RegexOptions.IgnoreCase)]
    private static partial Regex CreateTable();

    [GeneratedRegex(@"\bALTER\s+TABLE\s+(?:ONLY\s+|IF\s+EXISTS\s+)*(?<table>[\w.""`\[\]]+)\s+(?<what>[^;]*)", RegexOptions.IgnoreCase)]
    private static partial Regex AlterTable();

    [GeneratedRegex(@"\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?<name>[\w.""`\[\]]+)\s+ON\s+(?:ONLY\s+)?(?<table>[\w.""`\[\]]+)", RegexOptions.IgnoreCase)]
    private static partial Regex CreateIndex();

    [GeneratedRegex(@"\bDROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?<table>[\w.""`\[\]]+)", RegexOptions.IgnoreCase)]
    private static partial Regex DropTable();

    [GeneratedRegex(@"\bADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?((?:[^,(]|\([^)]*\))+)", RegexOptions.IgnoreCase)]
    private static partial Regex AddColumn();

    [GeneratedRegex(@"\bDROP\s+COLUMN\s+(?:IF\s+EXISTS\s+)?([\w""`\[\]]+)", RegexOptions.IgnoreCase)]
    private static partial Regex DropColumn();

    [GeneratedRegex(@"\bRENAME\s+COLUMN\s+([\w""`\[\]]+)\s+TO\s+([\w""`\[\]]+)", RegexOptions.IgnoreCase)]
    private static partial Regex RenameColumn();

    [GeneratedRegex(@"^(?<name>""[^""]+""|`[^`]+`|\[[^\]]+\]|\w+)\s*(?<type>\w+(?:\s+(?:varying|precision))?(?:\s*\([^)]*\))?(?:\[\])?)?(?<rest>[\s\S]*)$", RegexOptions.IgnoreCase)]
    private static partial Regex ColumnHead();

    [GeneratedRegex(@"\bNOT\s+NULL\b|\bPRIMARY\s+KEY\b", RegexOptions.IgnoreCase)]
    private static partial Regex NotNull();

    [GeneratedRegex(@"\bDEFAULT\s+('(?:[^']|'')*'|\([^)]*\)|[\w.]+(?:\([^)]*\))?)", RegexOptions.IgnoreCase)]
    private static partial Regex Default();

    [GeneratedRegex(@"\bREFERENCES\s+([\w.""`\[\]]+)", RegexOptions.IgnoreCase)]
    private static partial Regex References();

    [GeneratedRegex(@"[^\n]")]
    private static partial Regex Newline();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
