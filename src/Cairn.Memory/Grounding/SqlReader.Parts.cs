using System.Text.RegularExpressions;

namespace Cairn.Memory.Grounding;

internal sealed partial class SqlReader
{
    private static readonly HashSet<string> Constraints = new(StringComparer.OrdinalIgnoreCase)
    {
        "PRIMARY", "FOREIGN", "UNIQUE", "CHECK", "CONSTRAINT", "KEY", "INDEX", "EXCLUDE", "FULLTEXT", "SPATIAL", "PERIOD", "PARTITION", "TRIGGER", "TO",
    };

    private static readonly HashSet<string> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        "TEXT", "VARCHAR", "CHAR", "CHARACTER", "NVARCHAR", "STRING", "CITEXT", "INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "SERIAL", "BIGSERIAL", "NUMERIC", "DECIMAL", "REAL", "FLOAT", "DOUBLE",
        "BYTEA", "BLOB", "BINARY", "VARBINARY", "UUID", "JSON", "JSONB", "DATE", "TIME", "DATETIME", "TIMESTAMP", "TIMESTAMPTZ", "INTERVAL", "BOOLEAN", "BOOL", "BIT", "NULL", "NOT",
    };

    private static readonly HashSet<string> NoTables = new(StringComparer.OrdinalIgnoreCase)
    {
        "SELECT", "LATERAL", "UNNEST", "VALUES", "DUAL", "ONLY", "TABLE", "WHERE", "SET", "NULL", "JSON_TABLE", "GENERATE_SERIES", "JSON_EACH", "OLD", "NEW", "INSERTED", "DELETED", "EXCLUDED", "CURRENT_DATE", "NOW", "INTO",
    };

    private static readonly HashSet<string> Counters = new(StringComparer.OrdinalIgnoreCase) { "SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL4", "SERIAL8", "ROWVERSION" };

    private bool Take(string word)
    {
        if (_at < _tokens.Count && Now.Is(word))
        {
            _at++;
            return true;
        }

        return false;
    }

    private bool IfExists()
    {
        if (Now.Is("IF") && (Peek(1).Is("EXISTS") || (Peek(1).Is("NOT") && Peek(2).Is("EXISTS"))))
        {
            _at += Peek(1).Is("NOT") ? 3 : 2;
            return true;
        }

        return false;
    }

    /// <summary>A name with what stands before it; null where none does, or only a program knows it.</summary>
    private SqlName? Name()
    {
        var qualifier = "";
        if (Now.Kind == SqlTokenKind.Hole && Peek(1).Is("."))
        {
            qualifier = "?";
            _at += 2;
        }

        while (Now.IsName && Peek(1).Is("."))
        {
            qualifier = qualifier.Length > 0 ? qualifier : Now.Text;
            _at += 2;
        }

        if (!Now.IsName || Peek(1).Kind == SqlTokenKind.Hole && Peek(1).Text.StartsWith('{'))
        {
            return null;
        }

        var name = new SqlName(Now.Text, qualifier, Now.Line);
        _at++;
        return name;
    }

    private List<SqlName> Names()
    {
        var names = new List<SqlName>();
        do
        {
            if (Name() is { } name)
            {
                names.Add(name);
            }
        }
        while (Take(","));
        return names;
    }

    /// <summary>What stands between the bracket here and the one that closes it, cut at its commas.</summary>
    private List<List<SqlToken>> Parts()
    {
        var depth = 0;
        var start = _at + 1;
        for (; _at < _tokens.Count; _at++)
        {
            depth += Now.Is("(") ? 1 : Now.Is(")") ? -1 : 0;
            if (depth == 0)
            {
                break;
            }
        }

        var inside = _tokens[Math.Min(start, _tokens.Count)..Math.Min(_at, _tokens.Count)];
        _at = Math.Min(_at + 1, _tokens.Count);
        return SplitAt(inside);
    }

    private static List<List<SqlToken>> SplitAt(List<SqlToken> tokens)
    {
        var parts = new List<List<SqlToken>>();
        var (depth, start) = (0, 0);
        for (var i = 0; i <= tokens.Count; i++)
        {
            if (i == tokens.Count || (depth == 0 && tokens[i].Is(",")))
            {
                if (i > start)
                {
                    parts.Add(tokens[start..i]);
                }

                start = i + 1;
            }
            else
            {
                depth += tokens[i].Is("(") ? 1 : tokens[i].Is(")") ? -1 : 0;
            }
        }

        return parts;
    }

    /// <summary>Whether a part of a table is a constraint; a column can be called key, index or period too, and then has a type.</summary>
    private static bool IsConstraint(SqlToken first, SqlToken second) => first.Kind == SqlTokenKind.Word && Constraints.Contains(first.Text)
        && !(second.Kind == SqlTokenKind.Word && second.Text is not null && Types.Contains(second.Text));

    private static SqlColumn Column(List<SqlToken> part)
    {
        var (notNull, fills, nullDefault, isKey) = (false, false, false, false);
        var type = part.Count > 1 ? part[1].Text : "";
        for (var i = 1; i < part.Count; i++)
        {
            var next = i + 1 < part.Count ? part[i + 1] : default;
            notNull |= part[i].Is("NOT") && next.Text is not null && next.Is("NULL");
            isKey |= part[i].Is("PRIMARY");
            fills |= part[i].Is("GENERATED") || part[i].Is("IDENTITY") || part[i].Is("AUTO_INCREMENT") || part[i].Is("AUTOINCREMENT") || Counters.Contains(part[i].Text) || part[i].Is("AS");
            if (part[i].Is("DEFAULT"))
            {
                nullDefault = next.Text is not null && next.Is("NULL");
                fills |= !nullDefault;
            }
        }

        // The number of a row is filled in by SQLite.
        fills |= isKey && type.StartsWith("INT", StringComparison.OrdinalIgnoreCase);
        return new(part[0].Text, type, notNull || isKey, fills, nullDefault, part[0].Line);
    }

    private static IEnumerable<SqlName> References(List<SqlToken> part)
    {
        for (var i = 0; i + 1 < part.Count; i++)
        {
            if (part[i].Is("REFERENCES") && new SqlReader(part) { _at = i + 1 }.Name() is { } table)
            {
                yield return table;
            }
        }
    }

    private List<SqlName> Reads() => ReadsFrom(_at, null);

    /// <summary>What stands behind FROM and JOIN, without the names that the statement itself makes.</summary>
    private List<SqlName> ReadsFrom(int start, SqlName? target)
    {
        var (reads, own) = (new List<SqlName>(), new HashSet<string>(StringComparer.OrdinalIgnoreCase));
        for (var i = start; i < _tokens.Count; i++)
        {
            // WITH a AS (…), b AS (…)
            if (_tokens[i].IsName && i + 1 < _tokens.Count && (_tokens[i + 1].Is("AS") || _tokens[i + 1].Is("(")) && i > start && (_tokens[i - 1].Is("WITH") || _tokens[i - 1].Is("RECURSIVE") || _tokens[i - 1].Is(",")))
            {
                own.Add(_tokens[i].Text);
            }
        }

        for (var i = start; i + 1 < _tokens.Count; i++)
        {
            if ((_tokens[i].Is("FROM") && !IsInCall(i)) || _tokens[i].Is("JOIN"))
            {
                var inner = new SqlReader(_tokens) { _at = i + 1 };
                inner.Take("ONLY");
                if (inner.Name() is { } name && !inner.Now.Is("(") && !NoTables.Contains(name.Name) && !own.Contains(name.Name) && name != target)
                {
                    reads.Add(name);
                }
            }
        }

        return reads;
    }

    /// <summary>EXTRACT(year FROM x), TRIM(a FROM b), IS DISTINCT FROM: no table follows.</summary>
    private bool IsInCall(int from)
    {
        if (from > 0 && _tokens[from - 1].Is("DISTINCT"))
        {
            return true;
        }

        var depth = 0;
        for (var i = from - 1; i >= 0; i--)
        {
            depth += _tokens[i].Is(")") ? 1 : _tokens[i].Is("(") ? -1 : 0;
            if (depth < 0)
            {
                return i > 0 && (_tokens[i - 1].Is("EXTRACT") || _tokens[i - 1].Is("TRIM") || _tokens[i - 1].Is("SUBSTRING") || _tokens[i - 1].Is("OVERLAY") || _tokens[i - 1].Is("POSITION"));
            }

            if (_tokens[i].Is("SELECT") || _tokens[i].Is("DELETE"))
            {
                return false;
            }
        }

        return false;
    }

    [GeneratedRegex(@"^\s*--\s*(?:migrate:down|\+goose\s+Down|\+micrate\s+Down|\+migrate\s+Down|!Down|@down|down\b)|^\s*--\s*rollback\b", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex Down();
}
