using System.Globalization;
using System.Text;

namespace Cairn.Kernel.Cedar;

/// <summary>Quoted texts of the Cedar language: escapes there and back.</summary>
internal static class CedarText
{
    private const int MaxUnicodeDigits = 6;

    /// <summary>A text as a policy would write it.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                '\0' => quoted.Append("\\0"),
                < ' ' or '\x7f' => quoted.Append(CultureInfo.InvariantCulture, $"\\u{{{(int)c:x}}}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>What stands between the quotes, with its escapes resolved.</summary>
    /// <exception cref="SyntaxStopException">When an escape is none.</exception>
    public static string Unescape(string source, int start, int length)
    {
        var inner = source.AsSpan(start, length);
        if (!inner.ContainsAny('\\', '\r'))
        {
            return inner.ToString();
        }

        var text = new StringBuilder(length);
        var at = 0;
        while (at < inner.Length)
        {
            var rune = Next(inner, ref at, start, star: false, out _);
            text.Append(rune.ToString());
        }

        return text.ToString();
    }

    /// <summary>A pattern of `like`: the stretches between its stars. An escaped star is a character like any other.</summary>
    public static LikePattern Pattern(string source, int start, int length)
    {
        var inner = source.AsSpan(start, length);
        var pieces = new List<string>();
        var piece = new StringBuilder();
        var at = 0;
        while (at < inner.Length)
        {
            var rune = Next(inner, ref at, start, star: true, out var literal);
            if (rune.Value == '*' && !literal)
            {
                pieces.Add(piece.ToString());
                piece.Clear();
            }
            else
            {
                piece.Append(rune.ToString());
            }
        }

        pieces.Add(piece.ToString());
        return new([.. pieces]);
    }

    private static Rune Next(ReadOnlySpan<char> text, ref int at, int start, bool star, out bool literal)
    {
        literal = false;
        var place = start + at;
        if (text[at] == '\r')
        {
            throw new SyntaxStopException(place, "a carriage return in a text is written \\r");
        }

        if (text[at] != '\\')
        {
            var status = Rune.DecodeFromUtf16(text[at..], out var plain, out var used);
            at += used;
            return status == System.Buffers.OperationStatus.Done
                ? plain
                : throw new SyntaxStopException(place, "half of a surrogate pair is no character");
        }

        var c = text[at + 1];
        at += 2;
        switch (c)
        {
            case 'n':
                return new('\n');
            case 'r':
                return new('\r');
            case 't':
                return new('\t');
            case '0':
                return new('\0');
            case '\\' or '\'' or '"':
                return new(c);
            case 'x':
                return Hexadecimal(text, ref at, place);
            case 'u':
                return Unicode(text, ref at, place);
            case '*' when star:
                literal = true;
                return new('*');
            default:
                throw new SyntaxStopException(place, $"there is no escape \\{c}; the escapes are \\n \\r \\t \\0 \\\\ \\' \\\" \\xHH \\u{{H…}}{(star ? " \\*" : "")}");
        }
    }

    private static Rune Hexadecimal(ReadOnlySpan<char> text, ref int at, int place)
    {
        if (at + 2 > text.Length || !char.IsAsciiHexDigit(text[at]) || !char.IsAsciiHexDigit(text[at + 1]))
        {
            throw new SyntaxStopException(place, "\\x takes two hexadecimal digits");
        }

        var value = int.Parse(text.Slice(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        at += 2;
        return value <= 0x7f ? new Rune(value) : throw new SyntaxStopException(place, "\\x reaches to 7f; beyond it write \\u{…}");
    }

    private static Rune Unicode(ReadOnlySpan<char> text, ref int at, int place)
    {
        var value = 0;
        var digits = 0;
        if (at >= text.Length || text[at] != '{')
        {
            throw new SyntaxStopException(place, "\\u is followed by {, up to six hexadecimal digits and }");
        }

        for (at++; at < text.Length && text[at] != '}'; at++)
        {
            if (text[at] == '_' && digits > 0)
            {
                continue;
            }

            if (!char.IsAsciiHexDigit(text[at]) || ++digits > MaxUnicodeDigits)
            {
                throw new SyntaxStopException(place, "between \\u{ and } stand one to six hexadecimal digits");
            }

            value = (value << 4) | Convert.ToInt32(text[at].ToString(), 16);
        }

        if (at >= text.Length || digits == 0)
        {
            throw new SyntaxStopException(place, "between \\u{ and } stand one to six hexadecimal digits");
        }

        at++;
        return Rune.IsValid(value) ? new Rune(value) : throw new SyntaxStopException(place, $"{value:x} is no Unicode character");
    }
}
