namespace Cairn.Memory.Cypher;

/// <summary>The kinds of tokens. Keywords are names that the parser knows.</summary>
internal enum TokenKind
{
    End,
    Name,
    QuotedName,
    Integer,
    Float,
    Text,
    Parameter,
    Symbol,
}

/// <summary>A token.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Its first character.</param>
/// <param name="End">Behind its last one.</param>
/// <param name="Text">What it says: a text without its quotes and escapes, a parameter without its sign.</param>
internal readonly record struct CypherToken(TokenKind Kind, int Start, int End, string Text);
