namespace Cairn.Memory.Grounding;

/// <summary>What a token of SQL is.</summary>
internal enum SqlTokenKind
{
    /// <summary>A keyword or a name.</summary>
    Word,

    /// <summary>A name in quotes.</summary>
    Quoted,

    /// <summary>A text; also one in dollar quotes.</summary>
    Text,

    /// <summary>A number.</summary>
    Number,

    /// <summary>What a program puts in later: ?, $1, :name, %s, {name}.</summary>
    Hole,

    /// <summary>Anything else, one character.</summary>
    Symbol,
}

/// <summary>A token of SQL.</summary>
internal readonly record struct SqlToken(SqlTokenKind Kind, string Text, int Line)
{
    public bool IsName => Kind is SqlTokenKind.Word or SqlTokenKind.Quoted;

    public bool Is(string word) => Kind is SqlTokenKind.Word or SqlTokenKind.Symbol && Text.Equals(word, StringComparison.OrdinalIgnoreCase);

    /// <summary>Cuts SQL of any dialect into tokens; comments are left out.</summary>
    public static List<SqlToken> Read(string sql, int line)
    {
        var tokens = new List<SqlToken>();
        for (var at = 0; at < sql.Length;)
        {
            var start = at;
            var kind = Next(sql, ref at, out var from, out var to);
            if (kind is { } known)
            {
                tokens.Add(new(known, sql[from..to], line));
            }

            line += sql.AsSpan(start, at - start).Count('\n');
        }

        return tokens;
    }

    private static SqlTokenKind? Next(string sql, ref int at, out int from, out int to)
    {
        var c = sql[at];
        var next = at + 1 < sql.Length ? sql[at + 1] : '\0';
        (from, to) = (at, at + 1);
        switch (c)
        {
            case '-' when next == '-':
            case '#' when at == 0 || sql[at - 1] == '\n':
                at = End(sql, at, "\n", 0);
                return null;
            case '/' when next == '*':
                at = End(sql, at + 2, "*/", 2);
                return null;
            case '\'':
                (from, to) = (at + 1, CloseText(sql, at + 1));
                at = Math.Min(sql.Length, to + 1);
                return SqlTokenKind.Text;
            case '"' or '`':
                (from, to) = (at + 1, End(sql, at + 1, c.ToString(), 0));
                at = Math.Min(sql.Length, to + 1);
                return SqlTokenKind.Quoted;
            case '[' when char.IsAsciiLetter(next) && sql.IndexOf(']', at) is > 0 and var close && IsBracketed(sql.AsSpan(at + 1, close - at - 1)):
                (from, to) = (at + 1, close);
                at = close + 1;
                return SqlTokenKind.Quoted;
            case '$' when DollarTag(sql, at) is { } tag:
                (from, to) = (at + tag.Length, End(sql, at + tag.Length, tag, 0));
                at = Math.Min(sql.Length, to + tag.Length);
                return SqlTokenKind.Text;
            case '?' or '$' or '@' or '%' or '{':
            case ':' when next != ':' && next != '=' && (at == 0 || sql[at - 1] != ':'):
                at = Hole(sql, at);
                to = at;
                return SqlTokenKind.Hole;
        }

        return Plain(sql, ref at, ref to);
    }

    private static SqlTokenKind? Plain(string sql, ref int at, ref int to)
    {
        var c = sql[at];
        var isWord = char.IsLetter(c) || c == '_';
        if (char.IsWhiteSpace(c) || (!isWord && !char.IsDigit(c)))
        {
            at++;
            return char.IsWhiteSpace(c) ? null : SqlTokenKind.Symbol;
        }

        while (at < sql.Length && (char.IsLetterOrDigit(sql[at]) || (isWord ? sql[at] is '_' or '$' : sql[at] == '.')))
        {
            at++;
        }

        to = at;
        return isWord ? SqlTokenKind.Word : SqlTokenKind.Number;
    }

    private static bool IsBracketed(ReadOnlySpan<char> name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or ' '))
            {
                return false;
            }
        }

        return true;
    }

    private static int End(string sql, int from, string end, int past) => sql.IndexOf(end, Math.Min(from, sql.Length), StringComparison.Ordinal) is >= 0 and var found ? found + past : sql.Length;

    private static int CloseText(string sql, int at)
    {
        for (; at < sql.Length; at++)
        {
            if (sql[at] == '\\' && at + 1 < sql.Length && sql[at + 1] == '\'')
            {
                at++;
            }
            else if (sql[at] == '\'')
            {
                if (at + 1 < sql.Length && sql[at + 1] == '\'')
                {
                    at++;
                }
                else
                {
                    return at;
                }
            }
        }

        return sql.Length;
    }

    private static string? DollarTag(string sql, int at)
    {
        var end = at + 1;
        while (end < sql.Length && (char.IsLetter(sql[end]) || sql[end] == '_'))
        {
            end++;
        }

        return end < sql.Length && sql[end] == '$' ? sql[at..(end + 1)] : null;
    }

    private static int Hole(string sql, int at)
    {
        var c = sql[at++];
        if (c == '{' || (at < sql.Length && sql[at] == '{'))
        {
            return End(sql, at, "}", 1);
        }

        if (at < sql.Length && c == ':' && sql[at] is '"' or '\'')
        {
            return End(sql, at + 1, sql[at].ToString(), 1);
        }

        if (c == '%' && at < sql.Length && sql[at] == '(')
        {
            at = End(sql, at, ")", 1);
        }

        while (at < sql.Length && (char.IsLetterOrDigit(sql[at]) || sql[at] == '_'))
        {
            at++;
        }

        return at;
    }
}
