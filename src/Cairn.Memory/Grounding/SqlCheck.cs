using System.Text.RegularExpressions;
using Cairn.Abstractions;

namespace Cairn.Memory.Grounding;

/// <summary>Checks what SQL names against the tables of the repository.</summary>
internal sealed partial class SqlCheck(IGroundView view)
{
    private static readonly HashSet<string> OfTheServer = new(StringComparer.OrdinalIgnoreCase)
    {
        "pg_catalog", "information_schema", "sys", "mysql", "performance_schema", "sqlite_master", "sqlite_schema", "sqlite_sequence", "sqlite_temp_master", "dual", "auth", "storage", "cron", "extensions",
    };

    private readonly Lazy<SqlSchema> _whole = new(() => SqlSchema.Of(view, null));

    /// <summary>A file of SQL: each statement is checked against what is there when it runs.</summary>
    public void File(string path, string text, FindingSink sink)
    {
        var statements = SqlReader.File(text);
        var schema = SqlSchema.Of(view, path);
        if (schema.Tables.Count == 0 || !SqlSchema.IsSchema(path))
        {
            return;
        }

        var made = statements.Where(each => each.Verb is SqlVerb.CreateTable or SqlVerb.CreateView).Select(each => each.Target.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        made.UnionWith(statements.Where(each => each.NewName is not null).Select(each => each.NewName!));
        var emptied = statements.Exists(each => each.Verb == SqlVerb.Delete) || Truncates().IsMatch(text);
        var context = new Context(sink, schema, made, IsCertain: schema.Folders.Contains(SqlSchema.FolderOf(path)), FillsIn: emptied || IsMySql(text), path);
        foreach (var statement in statements)
        {
            Check(statement, context);
            schema.Apply(statement, path);
        }
    }

    /// <summary>A query that a program or a command sends.</summary>
    public void Query(string path, string sql, int line, bool isCertain, FindingSink sink)
    {
        var statements = SqlReader.Read(sql, line);
        var schema = _whole.Value;
        if (schema.Tables.Count > 0)
        {
            statements.ForEach(statement => Check(statement, new Context(sink, schema, [], isCertain, FillsIn: true, path)));
        }
    }

    /// <summary>The queries within code: only those of files that speak of tables which are here.</summary>
    public void Code(string path, SourceScan scan, FindingSink sink)
    {
        var queries = scan.Literals.Where(literal => literal.Value.Length is >= 12 and <= 20_000 && IsQuery().IsMatch(literal.Value) && !literal.IsBuilt).Take(500).ToList();
        if (queries.Count == 0 || _whole.Value.Tables.Count == 0)
        {
            return;
        }

        var statements = queries.SelectMany(query => SqlReader.Read(Unescape(query.Value), scan.LineOf(query.Start))).ToList();
        var made = statements.Where(each => each.Verb is SqlVerb.CreateTable or SqlVerb.CreateView).Select(each => each.Target.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var names = statements.SelectMany(each => each.Reads.Append(each.Target)).Where(name => !string.IsNullOrEmpty(name.Name)).ToList();
        if (made.Count == 0 && names.Exists(name => _whole.Value.Find(name) is { Dropped: null }))
        {
            statements.ForEach(statement => Check(statement, new Context(sink, _whole.Value, made, IsCertain: false, FillsIn: true, path)));
        }
    }

    private static string Unescape(string text) => text.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\n", "\n", StringComparison.Ordinal);

    private static void Check(SqlStatement statement, Context context)
    {
        var schema = context.Schema;
        var isWrite = statement.Verb is SqlVerb.AlterTable or SqlVerb.RenameTable or SqlVerb.Insert or SqlVerb.Update or SqlVerb.Delete or SqlVerb.CreateIndex;
        foreach (var name in statement.Reads.Where(_ => statement.Verb != SqlVerb.DropTable))
        {
            Table(name, context, certain: false);
        }

        if (!isWrite || string.IsNullOrEmpty(statement.Target.Name) || statement.IsConditional || !Table(statement.Target, context, context.IsCertain))
        {
            return;
        }

        if (schema.Find(statement.Target) is not { IsOpen: false, Dropped: null } table)
        {
            return;
        }

        foreach (var column in statement.Named)
        {
            Column(table, column, context);
        }

        foreach (var column in statement.Nulls.Where(column => table.Columns.TryGetValue(column.Name, out var known) && known.Column.NotNull && !table.HasTrigger))
        {
            NotNull(table, column.Name, column.Line, context, $"{table.Name}.{column.Name} is NOT NULL and is given NULL", context.IsCertain);
        }

        if (statement.Verb == SqlVerb.Insert && statement is { IsOpen: false, Named.Count: > 0 })
        {
            Omitted(table, statement, context);
        }

        foreach (var alteration in statement.Alterations)
        {
            Alteration(table, alteration, context);
        }
    }

    /// <summary>Whether the columns of a table can be asked for.</summary>
    private static bool Table(SqlName name, Context context, bool certain)
    {
        if (context.Made.Contains(name.Name) || IsOfTheServer(name) || context.Schema.Find(name) is { Dropped: null })
        {
            return true;
        }

        var dropped = context.Schema.Find(name)?.Dropped;
        if (dropped is { } gone && (context.Path.EndsWith(".sql", StringComparison.OrdinalIgnoreCase) && string.CompareOrdinal(context.Path, gone.Path) <= 0))
        {
            return true;
        }

        var near = Nearest.Names(name.Name, context.Schema.Tables.Values.Where(table => table.Dropped is null).Select(table => table.Name))
            .Select(each => context.Schema.Tables[each]).Select(table => context.Sink.Place(table.Name, table.Path, table.Line));
        var text = dropped is { } where ? $"The table {name.Name} was dropped in {where.Path}, line {where.Line}." : $"There is no table {name.Name}.";

        // A schema that nothing here speaks of may have tables that nobody here made.
        certain &= context.Schema.Qualifiers.Contains(name.Qualifier) || dropped is not null;
        context.Sink.Add("table", name.Name, name.Line, text, near, certain);
        return false;
    }

    private static bool IsOfTheServer(SqlName name) =>
        OfTheServer.Contains(name.Name) || OfTheServer.Contains(name.Qualifier) || name.Name.StartsWith("pg_", StringComparison.OrdinalIgnoreCase) || name.Name.StartsWith('#') || name.Qualifier.StartsWith("pg_", StringComparison.OrdinalIgnoreCase);

    private static void Column(SqlTable table, SqlName column, Context context)
    {
        if (table.Columns.ContainsKey(column.Name))
        {
            return;
        }

        var near = Nearest.Names(column.Name, table.Columns.Keys).Select(each => context.Sink.Place($"{table.Name}.{each}", table.Columns[each].Path, table.Columns[each].Column.Line));
        var text = table.Gone.TryGetValue(column.Name, out var gone)
            ? $"The column {table.Name}.{column.Name} was taken away in {gone.Path}, line {gone.Line}."
            : $"The table {table.Name} has no column {column.Name}.";
        context.Sink.Add("column", $"{table.Name}.{column.Name}", column.Line, text, near.Append(context.Sink.Place(table.Name, table.Path, table.Line)), context.IsCertain);
    }

    private static void Omitted(SqlTable table, SqlStatement insert, Context context)
    {
        foreach (var (name, (column, path)) in table.Columns.Where(pair => pair.Value.Column is { NotNull: true, Fills: false }))
        {
            if (!table.HasTrigger && !insert.Named.Any(given => given.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
            {
                // Old versions of MySQL fill in a value that nobody asked for, so nobody can be certain there.
                context.Sink.Add(
                    "not-null", $"{table.Name}.{name}", insert.Line, $"{table.Name}.{name} is NOT NULL without a default, and this INSERT gives it no value.",
                    [context.Sink.Place($"{table.Name}.{name}", path, column.Line)], context is { IsCertain: true, FillsIn: false });
            }
        }
    }

    private static void Alteration(SqlTable table, SqlAlteration alteration, Context context)
    {
        var name = alteration.Column.Name;
        if (alteration is { Change: SqlColumnChange.Add, Declared: { NotNull: true, Fills: false } column })
        {
            if (column.NullDefault)
            {
                NotNull(table, name, alteration.Column.Line, context, $"{table.Name}.{name} is NOT NULL with the default NULL: no row can have it", context.IsCertain);
            }
            else if (!context.Made.Contains(table.Name))
            {
                NotNull(table, name, alteration.Column.Line, context, $"{table.Name}.{name} is NOT NULL without a default: the rows that {table.Name} has would have none", context is { IsCertain: true, FillsIn: false });
            }
        }
        else if (alteration.Change == SqlColumnChange.SetNullDefault && table.Columns.TryGetValue(name, out var known) && known.Column.NotNull)
        {
            NotNull(table, name, alteration.Column.Line, context, $"{table.Name}.{name} is NOT NULL and gets the default NULL", context.IsCertain);
        }
        else if (alteration.Change != SqlColumnChange.Add && !alteration.IsConditional)
        {
            Column(table, alteration.Column, context);
        }
    }

    private static void NotNull(SqlTable table, string column, int line, Context context, string text, bool certain) =>
        context.Sink.Add("not-null", $"{table.Name}.{column}", line, text + ".", [context.Sink.Place(table.Name, table.Path, table.Line)], certain);

    private static bool IsMySql(string text) => MySql().IsMatch(text);

    private sealed record Context(FindingSink Sink, SqlSchema Schema, HashSet<string> Made, bool IsCertain, bool FillsIn, string Path);

    [GeneratedRegex(@"\bTRUNCATE\b", RegexOptions.IgnoreCase)]
    private static partial Regex Truncates();

    [GeneratedRegex(@"`|\bENGINE\s*=|\bAUTO_INCREMENT\b|\bUNSIGNED\b", RegexOptions.IgnoreCase)]
    private static partial Regex MySql();

    [GeneratedRegex(@"^\s*(?:--[^\n]*\n\s*)*(?:SELECT\s[\s\S]*?\bFROM\b|INSERT\s+(?:OR\s+\w+\s+)?INTO\b|UPDATE\s+[\w.""`\[\]]+\s+SET\b|DELETE\s+FROM\b|ALTER\s+TABLE\b|CREATE\s+TABLE\b|WITH\s+\w+\s+AS\s*\()", RegexOptions.IgnoreCase)]
    private static partial Regex IsQuery();
}
