namespace Cairn.Kernel.Cedar;

/// <summary>Cuts a policy text into tokens, by the lexical rules of the reference.</summary>
internal static class Tokenizer
{
    public static List<Token> Tokens(string text, List<PolicyProblem> problems)
    {
        var tokens = new List<Token>(text.Length / 4);
        var at = 0;
        while (true)
        {
            at = SkipBlanks(text, at);
            if (at == text.Length)
            {
                tokens.Add(new(TokenKind.End, at, 0));
                return tokens;
            }

            var (kind, length) = Next(text, at);
            if (length == 0)
            {
                problems.Add(PolicyProblem.At(text, at, text[at] == '"'
                    ? "a text that begins here does not end"
                    : $"the character {CedarText.Quote(text[at].ToString())} has no meaning here"));
                return tokens;
            }

            tokens.Add(new(kind, at, length));
            at += length;
        }
    }

    private static int SkipBlanks(string text, int at)
    {
        while (at < text.Length)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
            }
            else if (text[at] == '/' && at + 1 < text.Length && text[at + 1] == '/')
            {
                while (at < text.Length && text[at] is not ('\n' or '\r'))
                {
                    at++;
                }
            }
            else
            {
                break;
            }
        }

        return at;
    }

    private static (TokenKind Kind, int Length) Next(string text, int at)
    {
        var c = text[at];
        if (c == '"')
        {
            return (TokenKind.Text, TextLength(text, at));
        }

        if (char.IsAsciiDigit(c))
        {
            return (TokenKind.Number, Run(text, at, char.IsAsciiDigit));
        }

        if (IsNameStart(c))
        {
            return (TokenKind.Identifier, Run(text, at, IsNamePart));
        }

        var next = at + 1 < text.Length ? text[at + 1] : '\0';
        if (c == '?' && IsNameStart(next))
        {
            return (TokenKind.Slot, 1 + Run(text, at + 1, IsNamePart));
        }

        return (c, next) switch
        {
            (':', ':') => (TokenKind.DoubleColon, 2),
            ('=', '=') => (TokenKind.Equal, 2),
            ('!', '=') => (TokenKind.NotEqual, 2),
            ('<', '=') => (TokenKind.LessEqual, 2),
            ('>', '=') => (TokenKind.GreaterEqual, 2),
            ('|', '|') => (TokenKind.Or, 2),
            ('&', '&') => (TokenKind.And, 2),
            _ => Single(c),
        };
    }

    private static (TokenKind Kind, int Length) Single(char c) => c switch
    {
        '@' => (TokenKind.At, 1),
        '.' => (TokenKind.Dot, 1),
        ',' => (TokenKind.Comma, 1),
        ';' => (TokenKind.Semicolon, 1),
        ':' => (TokenKind.Colon, 1),
        '(' => (TokenKind.OpenParen, 1),
        ')' => (TokenKind.CloseParen, 1),
        '{' => (TokenKind.OpenBrace, 1),
        '}' => (TokenKind.CloseBrace, 1),
        '[' => (TokenKind.OpenBracket, 1),
        ']' => (TokenKind.CloseBracket, 1),
        '<' => (TokenKind.Less, 1),
        '>' => (TokenKind.Greater, 1),
        '+' => (TokenKind.Plus, 1),
        '-' => (TokenKind.Minus, 1),
        '*' => (TokenKind.Star, 1),
        '/' => (TokenKind.Slash, 1),
        '%' => (TokenKind.Percent, 1),
        '!' => (TokenKind.Not, 1),
        '=' => (TokenKind.Assign, 1),
        _ => (TokenKind.End, 0),
    };

    /// <summary>A backslash takes the next character with it, but for a line feed; 0 when the text does not end.</summary>
    private static int TextLength(string text, int at)
    {
        for (var i = at + 1; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                return i - at + 1;
            }

            if (text[i] == '\\')
            {
                i++;
                if (i == text.Length || text[i] == '\n')
                {
                    return 0;
                }
            }
        }

        return 0;
    }

    private static int Run(string text, int at, Func<char, bool> belongs)
    {
        var end = at;
        while (end < text.Length && belongs(text[end]))
        {
            end++;
        }

        return end - at;
    }

    private static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_';

    private static bool IsNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
}
