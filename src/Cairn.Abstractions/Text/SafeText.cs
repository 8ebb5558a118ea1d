using System.Buffers;
using System.Globalization;
using System.Text;

namespace Cairn.Abstractions;

/// <summary>
/// Makes text of unknown origin harmless for terminals and models: control characters become visible signs, so that no
/// escape sequence, title change, cursor move or reversed text gets through. Tab and line feed stay.
/// </summary>
public static class SafeText
{
    /// <summary>The text without live control characters, at most so many bytes of UTF-8; says what it left out.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="maxBytes">At least 256.</param>
    public static string ForModel(string text, int maxBytes)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 256);
        var safe = Visible(text);
        var bytes = Encoding.UTF8.GetByteCount(safe);
        return bytes <= maxBytes ? safe : Cut(safe, bytes, maxBytes);
    }

    /// <summary>The same on one line and of bounded length, for names inside of sentences.</summary>
    public static string Line(string text, int maxChars)
    {
        ArgumentNullException.ThrowIfNull(text);
        var cut = text.Length > maxChars ? text[..maxChars] + "…" : text;
        return Visible(cut).Replace('\n', '␊').Replace('\t', '␉');
    }

    /// <summary>Output as a terminal would leave it: colours gone, a line that was drawn over shows its last state.</summary>
    public static string FromTerminal(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.AsSpan().IndexOfAny('\e', '\r', '\b') < 0)
        {
            return text;
        }

        var plain = WithoutColours(text).Replace("\r\n", "\n", StringComparison.Ordinal);
        if (!plain.Contains('\r', StringComparison.Ordinal))
        {
            return plain;
        }

        var lines = plain.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].TrimEnd('\r');
            lines[i] = line[(line.LastIndexOf('\r') + 1)..];
        }

        return string.Join('\n', lines);
    }

    private static string Visible(string text)
    {
        if (!text.Any(Harmful))
        {
            return text;
        }

        var safe = new StringBuilder(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            var status = Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used);
            if (status != OperationStatus.Done)
            {
                safe.Append('\uFFFD');
                continue;
            }

            i += used - 1;
            if (rune.Value == '\r' && i + 1 < text.Length && text[i + 1] == '\n')
            {
                continue;
            }

            Append(safe, rune);
        }

        return safe.ToString();
    }

    private static void Append(StringBuilder safe, Rune rune)
    {
        switch (rune.Value)
        {
            case '\n' or '\t':
                safe.Append((char)rune.Value);
                break;
            case < 0x20:
                safe.Append((char)(0x2400 + rune.Value));
                break;
            case 0x7F:
                safe.Append('␡');
                break;
            case var v when v < 0x10000 && Harmful((char)v):
            // Tag characters carry text that no human sees.
            case >= 0xE0000 and <= 0xE007F:
                safe.Append(CultureInfo.InvariantCulture, $"<U+{rune.Value:X4}>");
                break;
            default:
                safe.Append(rune.ToString());
                break;
        }
    }

    // Surrogates are looked at rune by rune; the rest are C0, C1, line separators, and the marks that reverse text.
    private static bool Harmful(char c) => c switch
    {
        '\n' or '\t' => false,
        < ' ' or '\x7F' => true,
        >= '\x80' and <= '\x9F' => true,
        '\u2028' or '\u2029' or '\u061C' or '\u200E' or '\u200F' => true,
        >= '\u202A' and <= '\u202E' => true,
        >= '\u2066' and <= '\u2069' => true,
        _ => char.IsSurrogate(c),
    };

    private static string WithoutColours(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\e' || i + 1 >= text.Length || text[i + 1] != '[')
            {
                plain.Append(text[i]);
                continue;
            }

            var end = i + 2;
            while (end < text.Length && text[end] is >= ' ' and <= '?')
            {
                end++;
            }

            if (end < text.Length && text[end] is >= '@' and <= '~')
            {
                i = end;
            }
            else
            {
                plain.Append('\e');
            }
        }

        return plain.ToString();
    }

    private static string Cut(string text, int bytes, int maxBytes)
    {
        var note = $"\n… [{bytes - maxBytes:N0} or more bytes left out] …\n";
        var half = (maxBytes - Encoding.UTF8.GetByteCount(note)) / 2;
        var all = Encoding.UTF8.GetBytes(text);
        var head = half;
        while (head > 0 && (all[head] & 0xC0) == 0x80)
        {
            head--;
        }

        var tail = all.Length - half;
        while (tail < all.Length && (all[tail] & 0xC0) == 0x80)
        {
            tail++;
        }

        return Encoding.UTF8.GetString(all, 0, head) + note + Encoding.UTF8.GetString(all, tail, all.Length - tail);
    }
}
