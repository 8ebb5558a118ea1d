using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Cairn.Models;

/// <summary>
/// Splits a text into the pieces that an encoding merges within. The encodings say how in regular expressions over code points;
/// ours are over UTF-16, so a code point of two units is matched as one unit that stands for its category.
/// </summary>
internal sealed partial class PieceSplitter
{
    private readonly Regex _pattern;

    private PieceSplitter(Regex pattern) => _pattern = pattern;

    public static PieceSplitter Of(string encoding) => new(encoding == "cl100k_base" ? Cl100k() : O200k());

    /// <summary>The pieces, in UTF-16 units of the text.</summary>
    public IEnumerable<(int Start, int Length)> Pieces(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))
        {
            for (var match = _pattern.Match(text); match.Success; match = match.NextMatch())
            {
                yield return (match.Index, match.Length);
            }

            yield break;
        }

        var (shadow, widths) = Shadow(text);
        var start = 0;
        for (var match = _pattern.Match(shadow); match.Success; match = match.NextMatch())
        {
            var length = 0;
            for (var i = match.Index; i < match.Index + match.Length; i++)
            {
                length += widths[i];
            }

            yield return (start, length);
            start += length;
        }
    }

    private static (string Shadow, List<byte> Widths) Shadow(string text)
    {
        var shadow = new StringBuilder(text.Length);
        var widths = new List<byte>(text.Length);
        for (var i = 0; i < text.Length;)
        {
            if (Rune.TryGetRuneAt(text, i, out var rune) && !rune.IsBmp)
            {
                shadow.Append(Stand(Rune.GetUnicodeCategory(rune)));
                widths.Add(2);
                i += 2;
            }
            else
            {
                // A half of a pair on its own is written as U+FFFD, a symbol.
                shadow.Append(char.IsSurrogate(text[i]) ? '\ufffd' : text[i]);
                widths.Add(1);
                i++;
            }
        }

        return (shadow.ToString(), widths);
    }

    private static char Stand(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => 'Ω',
        UnicodeCategory.LowercaseLetter => 'ω',
        UnicodeCategory.ModifierLetter => 'ʰ',
        UnicodeCategory.OtherLetter => '中',
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => '\u0301',
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => '½',
        _ => '€',
    };

    [GeneratedRegex(
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?"
        + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex O200k();

    [GeneratedRegex(
        @"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Cl100k();
}
