namespace Cairn.Memory.Cypher;

/// <summary>What one query may take. A query that takes more is ended with an error that says so.</summary>
public sealed record QueryLimits
{
    /// <summary>Relationships looked at, rows made and elements handled, together.</summary>
    public long Work { get; init; } = 50_000_000;

    /// <summary>Rows of the answer, and rows held for sorting or grouping.</summary>
    public int Rows { get; init; } = 1_000_000;

    /// <summary>Elements of one list, and characters of one text.</summary>
    public int Length { get; init; } = 2_000_000;
}
