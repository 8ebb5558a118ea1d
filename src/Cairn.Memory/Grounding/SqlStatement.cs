namespace Cairn.Memory.Grounding;

/// <summary>A name in SQL: the table of schema.table, or a column.</summary>
/// <param name="Qualifier">What stands before it; "" for nothing, "?" for what a program puts in.</param>
internal readonly record struct SqlName(string Name, string Qualifier, int Line);

/// <summary>A column as it is declared.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="NotNull">It holds no NULL.</param>
/// <param name="Fills">It has a value of its own when none is given: a default that is not NULL, a counter, an expression.</param>
/// <param name="NullDefault">Its default is NULL, as written.</param>
/// <param name="Line">Where.</param>
internal sealed record SqlColumn(string Name, string Type, bool NotNull, bool Fills, bool NullDefault, int Line);

/// <summary>What a statement does to a column of its table.</summary>
internal enum SqlColumnChange
{
    Add,
    Drop,
    Rename,
    SetNotNull,
    DropNotNull,
    SetDefault,
    SetNullDefault,
    DropDefault,
    Alter,
}

/// <summary>One part of an ALTER TABLE.</summary>
internal sealed record SqlAlteration(SqlColumnChange Change, SqlName Column, SqlColumn? Declared, string? NewName, bool IsConditional);

/// <summary>What kind of statement it is, as far as that matters here.</summary>
internal enum SqlVerb
{
    CreateTable,
    AlterTable,
    RenameTable,
    DropTable,
    CreateView,
    CreateIndex,
    CreateTrigger,
    Insert,
    Update,
    Delete,
    Other,
}

/// <summary>A statement of SQL: what it names, and nothing of what it computes.</summary>
internal sealed record SqlStatement(SqlVerb Verb, SqlName Target, int Line)
{
    /// <summary>It has IF EXISTS or IF NOT EXISTS.</summary>
    public bool IsConditional { get; init; }

    /// <summary>The table's columns are not all in it: it is made AS SELECT, LIKE another one.</summary>
    public bool IsOpen { get; init; }

    public IReadOnlyList<SqlColumn> Columns { get; init; } = [];

    public IReadOnlyList<SqlAlteration> Alterations { get; init; } = [];

    /// <summary>Columns that an INSERT, UPDATE or index names.</summary>
    public IReadOnlyList<SqlName> Named { get; init; } = [];

    /// <summary>Columns that are given NULL, as written.</summary>
    public IReadOnlyList<SqlName> Nulls { get; init; } = [];

    /// <summary>The tables that it reads or refers to.</summary>
    public IReadOnlyList<SqlName> Reads { get; init; } = [];

    /// <summary>The new name of a table that is renamed.</summary>
    public string? NewName { get; init; }
}
