namespace Cairn.Kernel.Cedar;

/// <summary>The kinds of tokens of the Cedar language. Keywords are identifiers that the parser knows.</summary>
internal enum TokenKind
{
    End,
    Identifier,
    Number,
    Text,
    Slot,
    At,
    Dot,
    Comma,
    Semicolon,
    Colon,
    DoubleColon,
    OpenParen,
    CloseParen,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Or,
    And,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Not,
    Assign,
}

/// <summary>A token.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Its first character.</param>
/// <param name="Length">Its characters; those of a text include the quotes.</param>
internal readonly record struct Token(TokenKind Kind, int Start, int Length);
