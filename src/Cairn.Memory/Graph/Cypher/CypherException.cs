using System.Globalization;

namespace Cairn.Memory.Cypher;

/// <summary>What kind of fault a query has.</summary>
public enum CypherFault
{
    /// <summary>It cannot be understood, names something that is not there, or asks for what this Cypher does not do.</summary>
    Syntax,

    /// <summary>A value is of another type than is needed.</summary>
    Type,

    /// <summary>A value is of the right type and yet of no use.</summary>
    Argument,

    /// <summary>A calculation has no result.</summary>
    Arithmetic,

    /// <summary>A parameter was not given.</summary>
    Parameter,

    /// <summary>It needs more work than it may take.</summary>
    Limit,
}

/// <summary>A query that cannot be answered, with the place in its text.</summary>
public sealed class CypherException : Exception
{
    internal CypherException(CypherFault fault, string detail, int offset, string message)
        : base(message)
    {
        Fault = fault;
        Detail = detail;
        Offset = offset;
    }

    private CypherException(CypherException from, string text)
        : base(Placed(from, text), from)
    {
        Fault = from.Fault;
        Detail = from.Detail;
        Offset = from.Offset;
    }

    /// <summary>The kind.</summary>
    public CypherFault Fault { get; }

    /// <summary>The openCypher name of the fault: UndefinedVariable, IntegerOverflow, …</summary>
    public string Detail { get; }

    /// <summary>The place, in UTF-16 units from the text's beginning.</summary>
    public int Offset { get; }

    /// <summary>The same fault, told of a part of the text: a part that begins at an offset.</summary>
    internal CypherException Within(string part, int offset) => new(new CypherException(Fault, Detail, Math.Clamp(Offset - offset, 0, part.Length), InnerException?.Message ?? Message), part);

    internal CypherException In(string text) => InnerException is CypherException ? this : new(this, text);

    private static string Placed(CypherException from, string text)
    {
        var offset = Math.Clamp(from.Offset, 0, text.Length);
        var before = text.AsSpan(0, offset);
        var line = before.Count('\n') + 1;
        var column = offset - (before.LastIndexOf('\n') + 1) + 1;
        return string.Create(CultureInfo.InvariantCulture, $"line {line}, column {column}: {from.Message}");
    }
}
