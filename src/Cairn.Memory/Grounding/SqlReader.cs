using System.Text.RegularExpressions;

namespace Cairn.Memory.Grounding;

/// <summary>
/// Reads what statements of SQL name, in any dialect. It knows no grammar but the few forms that make, change and use tables;
/// what it cannot make out it leaves out.
/// </summary>
internal sealed partial class SqlReader
{
    private readonly List<SqlToken> _tokens;
    private int _at;

    private SqlReader(List<SqlToken> tokens) => _tokens = tokens;

    /// <summary>The statements of a file; what a tool of migrations runs to take them back is left out.</summary>
    public static List<SqlStatement> File(string text) => Read(Down().Match(text) is { Success: true } down ? text[..down.Index] : text, 1);

    public static List<SqlStatement> Read(string sql, int line)
    {
        var statements = new List<SqlStatement>();
        var tokens = SqlToken.Read(sql, line);
        var start = 0;
        for (var i = 0; i <= tokens.Count; i++)
        {
            if (i == tokens.Count || tokens[i].Is(";"))
            {
                if (i > start && new SqlReader(tokens[start..i]).Statement() is { } statement)
                {
                    statements.Add(statement);
                }

                start = i + 1;
            }
        }

        return statements;
    }

    private SqlToken Now => Peek(0);

    private SqlToken Peek(int ahead) => _at + ahead < _tokens.Count ? _tokens[_at + ahead] : new(SqlTokenKind.Symbol, "", _tokens[^1].Line);

    private SqlStatement? Statement()
    {
        // EXPLAIN, BEGIN and labels of clients may stand before it.
        while (_at < _tokens.Count && !(Now.Is("CREATE") || Now.Is("ALTER") || Now.Is("DROP") || Now.Is("INSERT") || Now.Is("REPLACE") || Now.Is("UPDATE") || Now.Is("DELETE") || Now.Is("SELECT") || Now.Is("WITH") || Now.Is("RENAME")))
        {
            if (_at > 8)
            {
                return null;
            }

            _at++;
        }

        var line = Now.Line;
        if (Take("CREATE"))
        {
            return Create(line);
        }

        if (Take("ALTER"))
        {
            return Take("TABLE") ? Alter(line) : null;
        }

        if (Take("DROP"))
        {
            return Take("TABLE") ? new(SqlVerb.DropTable, default, line) { IsConditional = IfExists(), Reads = Names() } : null;
        }

        return Uses(line);
    }

    private SqlStatement? Create(int line)
    {
        var isTemporary = false;
        while (Now.Is("OR") || Now.Is("REPLACE") || Now.Is("TEMP") || Now.Is("TEMPORARY") || Now.Is("UNLOGGED") || Now.Is("UNIQUE") || Now.Is("GLOBAL") || Now.Is("LOCAL") || Now.Is("MATERIALIZED") || Now.Is("RECURSIVE") || Now.Is("VIRTUAL") || Now.Is("CONSTRAINT") || Now.Is("FOREIGN") || Now.Is("CONCURRENTLY"))
        {
            isTemporary |= Now.Is("VIRTUAL") || Now.Is("FOREIGN");
            _at++;
        }

        if (Take("TABLE"))
        {
            return CreateTable(line, isTemporary);
        }

        if (Take("VIEW"))
        {
            IfExists();
            return Name() is { } view ? new(SqlVerb.CreateView, view, line) { IsOpen = true, Reads = Reads() } : null;
        }

        if (Take("INDEX"))
        {
            return Index(line);
        }

        if (Take("TRIGGER"))
        {
            // Only one that acts before or instead of an INSERT or UPDATE can fill something in.
            var (before, fills) = (false, false);
            for (; _at < _tokens.Count && !Now.Is("ON"); _at++)
            {
                before |= Now.Is("BEFORE") || Now.Is("INSTEAD");
                fills |= Now.Is("INSERT");
            }

            return before && fills && Take("ON") && Name() is { } table ? new(SqlVerb.CreateTrigger, table, line) : null;
        }

        return null;
    }

    private SqlStatement? CreateTable(int line, bool isOpen)
    {
        var conditional = IfExists();
        if (Name() is not { } table)
        {
            return null;
        }

        if (!Now.Is("("))
        {
            return new(SqlVerb.CreateTable, table, line) { IsOpen = true, IsConditional = conditional, Reads = Reads() };
        }

        var columns = new List<SqlColumn>();
        var reads = new List<SqlName>();
        foreach (var part in Parts())
        {
            if (part[0].Is("LIKE") || part[0].Is("SELECT") || part[0].Kind == SqlTokenKind.Hole)
            {
                isOpen = true;
            }
            else if (!IsConstraint(part[0], part.Count > 1 ? part[1] : default))
            {
                columns.Add(Column(part));
            }

            reads.AddRange(References(part));
        }

        var rest = _tokens[Math.Min(_at, _tokens.Count)..];
        isOpen |= rest.Exists(token => token.Is("INHERITS") || token.Is("AS") || token.Is("SELECT"));
        return new(SqlVerb.CreateTable, table, line) { Columns = columns, IsOpen = isOpen, IsConditional = conditional, Reads = reads };
    }

    private SqlStatement? Alter(int line)
    {
        var conditional = IfExists();
        Take("ONLY");
        if (Name() is not { } table)
        {
            return null;
        }

        Take("*");
        var alterations = new List<SqlAlteration>();
        var reads = new List<SqlName>();
        string? renamed = null;
        foreach (var part in SplitAt(_tokens[_at..]))
        {
            var inner = new SqlReader(part);
            reads.AddRange(References(part));
            if (inner.RenamesTable() is { } name)
            {
                renamed = name;
            }
            else if (inner.Alteration() is { } alteration)
            {
                alterations.Add(alteration);
            }
        }

        return new(renamed is null ? SqlVerb.AlterTable : SqlVerb.RenameTable, table, line) { Alterations = alterations, NewName = renamed, IsConditional = conditional, Reads = reads };
    }

    private string? RenamesTable()
    {
        if (Now.Is("RENAME") && (Peek(1).Is("TO") || Peek(1).Is("AS")) && Peek(2).IsName)
        {
            _at += 2;
            return Name()?.Name;
        }

        return null;
    }

    private SqlAlteration? Alteration()
    {
        if (Take("ADD"))
        {
            var named = Take("COLUMN");
            var conditional = IfExists();
            return Now.IsName && (named || !IsConstraint(Now, Peek(1))) ? Column(_tokens[_at..]) is var column ? new(SqlColumnChange.Add, new(column.Name, "", column.Line), column, null, conditional) : null : null;
        }

        if (Take("RENAME"))
        {
            var named = Take("COLUMN");
            return Now.IsName && Peek(1).Is("TO") && Peek(2).IsName && (named || !IsConstraint(Now, Peek(1))) ? new(SqlColumnChange.Rename, new(Now.Text, "", Now.Line), null, Peek(2).Text, false) : null;
        }

        var isDrop = Take("DROP");
        if (!isDrop && !Take("ALTER") && !Take("MODIFY") && !Take("CHANGE"))
        {
            return null;
        }

        var isColumn = Take("COLUMN");
        var missing = IfExists();
        if (!Now.IsName || (!isColumn && IsConstraint(Now, Peek(1))))
        {
            return null;
        }

        var name = new SqlName(Now.Text, "", Now.Line);
        _at++;
        return new(isDrop ? SqlColumnChange.Drop : Kind(), name, null, null, missing);
    }

    private SqlColumnChange Kind()
    {
        var isSet = Take("SET");
        if (!isSet && !Take("DROP"))
        {
            return SqlColumnChange.Alter;
        }

        return Now.Is("DEFAULT") ? !isSet ? SqlColumnChange.DropDefault : Peek(1).Is("NULL") ? SqlColumnChange.SetNullDefault : SqlColumnChange.SetDefault
            : Now.Is("NOT") ? isSet ? SqlColumnChange.SetNotNull : SqlColumnChange.DropNotNull : SqlColumnChange.Alter;
    }

    private SqlStatement? Index(int line)
    {
        while (_at < _tokens.Count && !Now.Is("ON"))
        {
            _at++;
        }

        if (!Take("ON"))
        {
            return null;
        }

        Take("ONLY");
        if (Name() is not { } table)
        {
            return null;
        }

        if (Take("USING"))
        {
            _at++;
        }

        var columns = Now.Is("(") ? Parts().Where(part => part[0].IsName && (part.Count == 1 || !part[1].Is("(")) && !part.Exists(token => token.Is("(") || token.Is("."))).Select(part => new SqlName(part[0].Text, "", part[0].Line)).ToList() : [];
        return new(SqlVerb.CreateIndex, table, line) { Named = columns };
    }

    private SqlStatement? Uses(int line)
    {
        var start = _at;
        while (_at < _tokens.Count && !(Now.Is("INSERT") || Now.Is("UPDATE") || Now.Is("DELETE") || Now.Is("REPLACE") || (Now.Is("SELECT") && start == _at)))
        {
            _at++;
        }

        if (Take("INSERT") || (Now.Is("REPLACE") && Peek(1).Is("INTO") && Take("REPLACE")))
        {
            return Insert(line, start);
        }

        if (Take("UPDATE"))
        {
            return Update(line, start);
        }

        if (Take("DELETE") && Take("FROM"))
        {
            Take("ONLY");
            return Name() is { } table ? new(SqlVerb.Delete, table, line) { Reads = ReadsFrom(start, table) } : null;
        }

        return new(SqlVerb.Other, default, line) { Reads = ReadsFrom(start, null) };
    }

    private SqlStatement? Insert(int line, int start)
    {
        while (_at < _tokens.Count && !Now.Is("INTO"))
        {
            _at++;
        }

        if (!Take("INTO") || Name() is not { } table)
        {
            return null;
        }

        if (Take("AS"))
        {
            _at++;
        }

        var columns = Now.Is("(") && !Peek(1).Is("SELECT") ? Parts().Select(part => part.Count == 1 && part[0].IsName ? new SqlName(part[0].Text, "", part[0].Line) : default).ToList() : [];
        if (columns.Exists(column => column.Name is null))
        {
            return new(SqlVerb.Insert, table, line) { Reads = ReadsFrom(start, table), IsOpen = true };
        }

        var nulls = new List<SqlName>();
        if (Take("VALUES") && Now.Is("("))
        {
            var values = Parts();
            nulls.AddRange(values.Count == columns.Count ? columns.Where((_, i) => values[i].Count == 1 && values[i][0].Is("NULL")) : []);
        }

        return new(SqlVerb.Insert, table, line) { Named = columns, Nulls = nulls, Reads = ReadsFrom(start, table) };
    }

    private SqlStatement? Update(int line, int start)
    {
        Take("ONLY");
        if (Name() is not { } table)
        {
            return null;
        }

        while (_at < _tokens.Count && !Now.Is("SET"))
        {
            _at++;
        }

        var (named, nulls) = (new List<SqlName>(), new List<SqlName>());
        if (Take("SET"))
        {
            foreach (var part in SplitAt(_tokens[_at..]))
            {
                if (part.Count > 1 && part[0].IsName && part[1].Is("="))
                {
                    named.Add(new(part[0].Text, "", part[0].Line));
                    if (part.Count > 2 && part[2].Is("NULL"))
                    {
                        nulls.Add(named[^1]);
                    }
                }

                if (part.Exists(token => token.Is("WHERE") || token.Is("FROM") || token.Is("RETURNING")))
                {
                    break;
                }
            }
        }

        return new(SqlVerb.Update, table, line) { Named = named, Nulls = nulls, Reads = ReadsFrom(start, table) };
    }
}
