using System.Globalization;
using System.Text;

namespace Cairn.Memory.Cypher;

/// <summary>Cuts a query into tokens.</summary>
internal static class CypherLexer
{
    private static readonly string[] Long = ["<=", ">=", "<>", "=~", "..", "+="];

    public static List<CypherToken> Tokens(string text)
    {
        var tokens = new List<CypherToken>(text.Length / 4);
        for (var at = SkipBlanks(text, 0); at < text.Length; at = SkipBlanks(text, tokens[^1].End))
        {
            tokens.Add(Next(text, at));
        }

        tokens.Add(new(TokenKind.End, text.Length, text.Length, ""));
        return tokens;
    }

    private static CypherToken Next(string text, int at)
    {
        var c = text[at];
        if (c is '\'' or '"')
        {
            return Quoted(text, at);
        }

        if (c == '`')
        {
            return Backticked(text, at, at);
        }

        if (c == '$' && at + 1 < text.Length)
        {
            if (text[at + 1] == '`')
            {
                return Backticked(text, at + 1, at) with { Kind = TokenKind.Parameter };
            }

            var end = Run(text, at + 1, IsNamePart);
            return end == at + 1 ? throw Unknown(text, at) : new(TokenKind.Parameter, at, end, text[(at + 1)..end]);
        }

        if (char.IsAsciiDigit(c) || (c == '.' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1])))
        {
            return Number(text, at);
        }

        if (IsNameStart(c))
        {
            var end = Run(text, at, IsNamePart);
            return new(TokenKind.Name, at, end, text[at..end]);
        }

        var two = at + 1 < text.Length ? text.Substring(at, 2) : "";
        if (Array.IndexOf(Long, two) >= 0)
        {
            return new(TokenKind.Symbol, at, at + 2, two);
        }

        return "()[]{}<>=+-*/%^,.:;|".Contains(c, StringComparison.Ordinal)
            ? new(TokenKind.Symbol, at, at + 1, c.ToString())
            : throw Unknown(text, at);
    }

    private static CypherException Unknown(string text, int at) =>
        new(CypherFault.Syntax, "UnexpectedSyntax", at, $"the character {(char.IsControl(text[at]) ? $"U+{(int)text[at]:X4}" : $"`{text[at]}`")} has no meaning here");

    private static int SkipBlanks(string text, int at)
    {
        while (at < text.Length)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
            }
            else if (text.AsSpan(at).StartsWith("//"))
            {
                var end = text.IndexOf('\n', at);
                at = end < 0 ? text.Length : end;
            }
            else if (text.AsSpan(at).StartsWith("/*"))
            {
                var end = text.IndexOf("*/", at + 2, StringComparison.Ordinal);
                at = end < 0 ? throw new CypherException(CypherFault.Syntax, "UnexpectedSyntax", at, "a comment that begins here does not end") : end + 2;
            }
            else
            {
                break;
            }
        }

        return at;
    }

    private static CypherToken Number(string text, int at)
    {
        if (text[at] == '0' && at + 1 < text.Length && text[at + 1] is 'x' or 'X' or 'o' or 'O')
        {
            var last = Run(text, at + 2, char.IsAsciiLetterOrDigit);
            return new(TokenKind.Integer, at, last, text[at..last]);
        }

        var end = Run(text, at, char.IsAsciiDigit);
        var kind = TokenKind.Integer;
        if (end + 1 < text.Length && text[end] == '.' && char.IsAsciiDigit(text[end + 1]))
        {
            kind = TokenKind.Float;
            end = Run(text, end + 1, char.IsAsciiDigit);
        }

        if (end < text.Length && text[end] is 'e' or 'E')
        {
            var digits = end + 1 < text.Length && text[end + 1] is '+' or '-' ? end + 2 : end + 1;
            var last = Run(text, digits, char.IsAsciiDigit);
            if (last > digits)
            {
                kind = TokenKind.Float;
                end = last;
            }
        }

        if (end < text.Length && IsNameStart(text[end]))
        {
            throw new CypherException(CypherFault.Syntax, "InvalidNumberLiteral", at, "a number ends in a letter");
        }

        return new(kind, at, end, text[at..end]);
    }

    private static CypherToken Backticked(string text, int at, int start)
    {
        var name = new StringBuilder();
        for (var i = at + 1; i < text.Length; i++)
        {
            if (text[i] != '`')
            {
                name.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == '`')
            {
                name.Append('`');
                i++;
            }
            else
            {
                return new(TokenKind.QuotedName, start, i + 1, name.ToString());
            }
        }

        throw new CypherException(CypherFault.Syntax, "UnexpectedSyntax", at, "a name that begins here does not end");
    }

    private static CypherToken Quoted(string text, int at)
    {
        var quote = text[at];
        var value = new StringBuilder();
        for (var i = at + 1; i < text.Length; i++)
        {
            if (text[i] == quote)
            {
                return new(TokenKind.Text, at, i + 1, value.ToString());
            }

            if (text[i] != '\\')
            {
                value.Append(text[i]);
                continue;
            }

            if (++i < text.Length)
            {
                i = Escape(text, i, value);
            }
        }

        throw new CypherException(CypherFault.Syntax, "UnexpectedSyntax", at, "a text that begins here does not end");
    }

    private static int Escape(string text, int at, StringBuilder value)
    {
        var digits = text[at] switch { 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (at + digits < text.Length
                && int.TryParse(text.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
                && (Rune.IsValid(code) || digits == 4))
            {
                value.Append(digits == 4 ? ((char)code).ToString() : new Rune(code).ToString());
                return at + digits;
            }

            throw new CypherException(CypherFault.Syntax, "InvalidUnicodeLiteral", at - 1, $"\\{text[at]} takes {digits} hexadecimal digits");
        }

        value.Append(text[at] switch
        {
            '\\' or '\'' or '"' => text[at],
            'b' => '\b',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            _ => throw new CypherException(CypherFault.Syntax, "InvalidEscape", at - 1, $"there is no escape \\{text[at]}"),
        });
        return at;
    }

    private static int Run(string text, int at, Func<char, bool> belongs)
    {
        while (at < text.Length && belongs(text[at]))
        {
            at++;
        }

        return at;
    }

    private static bool IsNameStart(char c) => char.IsLetter(c) || c == '_';

    private static bool IsNamePart(char c) => char.IsLetterOrDigit(c) || c == '_';
}
