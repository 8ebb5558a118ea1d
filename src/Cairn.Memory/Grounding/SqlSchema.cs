using System.Text.RegularExpressions;

namespace Cairn.Memory.Grounding;

/// <summary>A table as the statements of a repository leave it.</summary>
internal sealed class SqlTable(string name, string path, int line)
{
    public string Name { get; } = name;

    public string Path { get; } = path;

    public int Line { get; } = line;

    /// <summary>Not all of its columns are known.</summary>
    public bool IsOpen { get; set; }

    /// <summary>A trigger may fill in what is not given.</summary>
    public bool HasTrigger { get; set; }

    /// <summary>Where it was dropped; null while it is there.</summary>
    public (string Path, int Line)? Dropped { get; set; }

    public Dictionary<string, (SqlColumn Column, string Path)> Columns { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Columns that were there once, with the file that took them away.</summary>
    public Dictionary<string, (string Path, int Line)> Gone { get; } = new(StringComparer.OrdinalIgnoreCase);
}

/// <summary>The tables of a repository: all its SQL, in the order of its paths, which is the order in which migrations run.</summary>
internal sealed partial class SqlSchema
{
    private const int MaxFiles = 2_000;

    public Dictionary<string, SqlTable> Tables { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The folders that have files which make tables.</summary>
    public HashSet<string> Folders { get; } = new(StringComparer.Ordinal);

    /// <summary>What stands before the names of its tables.</summary>
    public HashSet<string> Qualifiers { get; } = new(StringComparer.OrdinalIgnoreCase) { "", "?" };

    public static SqlSchema Of(IGroundView view, string? without)
    {
        var schema = new SqlSchema();
        foreach (var path in view.Paths.Where(path => IsSchema(path) && path != without).Order(StringComparer.Ordinal).Take(MaxFiles))
        {
            foreach (var statement in ParsedFiles.Shared.Get(view, path, "sql", SqlReader.File) ?? [])
            {
                schema.Apply(statement, path);
            }
        }

        return schema;
    }

    /// <summary>SQL that makes the schema, and not what takes it back.</summary>
    public static bool IsSchema(string path) => path.EndsWith(".sql", StringComparison.OrdinalIgnoreCase) && !Back().IsMatch(path);

    public SqlTable? Find(SqlName name) => Tables.TryGetValue(name.Name, out var table) ? table : null;

    public void Apply(SqlStatement statement, string path)
    {
        switch (statement.Verb)
        {
            case SqlVerb.CreateTable or SqlVerb.CreateView:
                Create(statement, path);
                break;
            case SqlVerb.DropTable:
                foreach (var table in statement.Reads.Select(Find).OfType<SqlTable>())
                {
                    table.Dropped = (path, statement.Line);
                }

                break;
            case SqlVerb.RenameTable when Find(statement.Target) is { } table:
                var renamed = new SqlTable(statement.NewName!, path, statement.Line) { IsOpen = table.IsOpen, HasTrigger = table.HasTrigger };
                foreach (var (key, column) in table.Columns)
                {
                    renamed.Columns[key] = column;
                }

                Tables[statement.NewName!] = renamed;
                table.Dropped = (path, statement.Line);
                break;
            case SqlVerb.AlterTable when Find(statement.Target) is { } table:
                foreach (var alteration in statement.Alterations)
                {
                    Alter(table, alteration, path);
                }

                break;
            case SqlVerb.CreateTrigger when Find(statement.Target) is { } table:
                table.HasTrigger = true;
                break;
        }
    }

    private void Create(SqlStatement statement, string path)
    {
        var before = Find(statement.Target);
        var table = new SqlTable(statement.Target.Name, path, statement.Line) { IsOpen = statement.IsOpen, HasTrigger = before?.HasTrigger ?? false };
        if (before is { Dropped: null })
        {
            // The same table for another database, or made again: what either has is there.
            table.IsOpen |= before.IsOpen;
            foreach (var (key, column) in before.Columns)
            {
                table.Columns[key] = (column.Column with { NotNull = column.Column.NotNull && statement.Columns.Any(each => each.Name.Equals(key, StringComparison.OrdinalIgnoreCase) && each.NotNull) }, column.Path);
            }
        }

        foreach (var column in statement.Columns)
        {
            table.Columns[column.Name] = (table.Columns.TryGetValue(column.Name, out var known) ? column with { NotNull = column.NotNull && known.Column.NotNull, Fills = column.Fills || known.Column.Fills } : column, path);
        }

        Tables[table.Name] = table;
        if (statement.Verb == SqlVerb.CreateTable)
        {
            Folders.Add(FolderOf(path));
            Qualifiers.Add(statement.Target.Qualifier);
        }
    }

    public static string FolderOf(string path)
    {
        // Prisma, diesel and others give each migration a folder of its own.
        var folder = path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";
        return Numbered().IsMatch(folder) ? folder.LastIndexOf('/') is > 0 and var up ? folder[..up] : "" : folder;
    }

    private static void Alter(SqlTable table, SqlAlteration alteration, string path)
    {
        var name = alteration.Column.Name;
        var known = table.Columns.TryGetValue(name, out var column);
        switch (alteration.Change)
        {
            case SqlColumnChange.Add:
                table.Columns[name] = (alteration.Declared!, path);
                break;
            case SqlColumnChange.Drop:
                table.Columns.Remove(name);
                table.Gone[name] = (path, alteration.Column.Line);
                break;
            case SqlColumnChange.Rename when known:
                table.Columns.Remove(name);
                table.Gone[name] = (path, alteration.Column.Line);
                table.Columns[alteration.NewName!] = (column.Column with { Name = alteration.NewName! }, path);
                break;
            case SqlColumnChange.SetNotNull or SqlColumnChange.DropNotNull when known:
                table.Columns[name] = (column.Column with { NotNull = alteration.Change == SqlColumnChange.SetNotNull }, path);
                break;
            case SqlColumnChange.SetDefault when known:
                table.Columns[name] = (column.Column with { Fills = true }, path);
                break;
            case SqlColumnChange.SetNullDefault or SqlColumnChange.DropDefault when known:
                table.Columns[name] = (column.Column with { Fills = false }, path);
                break;
            case SqlColumnChange.Alter when known:
                // Its new type may come with anything.
                table.Columns[name] = (column.Column with { NotNull = false }, path);
                break;
        }
    }

    [GeneratedRegex(@"(?:[._-]down|rollback|revert)\.sql$|(?:^|/)(?:down|rollback|revert)(?:/|\.sql$)", RegexOptions.IgnoreCase)]
    private static partial Regex Back();

    [GeneratedRegex(@"(?:^|/)[vV]?\d[\w.-]*$")]
    private static partial Regex Numbered();
}
