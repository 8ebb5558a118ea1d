using System.Text;

namespace Cairn.Tools.Lsp;

/// <summary>What a server counts columns in.</summary>
internal enum PositionUnit
{
    /// <summary>Code units of UTF-16, as the protocol has it when nothing else is agreed.</summary>
    Utf16,

    /// <summary>Bytes of UTF-8.</summary>
    Utf8,

    /// <summary>Characters (code points).</summary>
    Utf32,
}

/// <summary>A place as the protocol names it.</summary>
/// <param name="Line">From 0.</param>
/// <param name="Character">From 0, in the agreed unit.</param>
internal readonly record struct LspPosition(int Line, int Character);

/// <summary>
/// The places of a text: an offset in it, a position of the protocol, and the line and column that people see. The protocol ends lines
/// at CR, LF and CR LF; people's lines, as the file tools number them, end at LF.
/// </summary>
internal sealed class TextPlaces
{
    private readonly List<int> _starts = [0];
    private readonly List<int> _lines = [0];
    private readonly PositionUnit _unit;

    public TextPlaces(string text, PositionUnit unit)
    {
        (Text, _unit) = (text, unit);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n')))
            {
                _starts.Add(i + 1);
            }

            if (text[i] == '\n')
            {
                _lines.Add(i + 1);
            }
        }
    }

    /// <summary>The text.</summary>
    public string Text { get; }

    /// <summary>How many lines people see.</summary>
    public int LineCount => _lines.Count;

    /// <summary>The offset of a position. What lies behind a line's end, or behind the text, is its end.</summary>
    public int Offset(LspPosition position)
    {
        if (position.Line < 0)
        {
            return 0;
        }

        if (position.Line >= _starts.Count)
        {
            return Text.Length;
        }

        var start = _starts[position.Line];
        var end = position.Line + 1 < _starts.Count ? _starts[position.Line + 1] : Text.Length;
        while (end > start && Text[end - 1] is '\n' or '\r')
        {
            end--;
        }

        return start + Units(Text.AsSpan(start, end - start), Math.Max(0, position.Character));
    }

    /// <summary>The position of an offset.</summary>
    public LspPosition Position(int offset)
    {
        var line = Index(_starts, offset);
        var before = Text.AsSpan(_starts[line], offset - _starts[line]);
        return new(line, _unit switch
        {
            PositionUnit.Utf8 => Encoding.UTF8.GetByteCount(before),
            PositionUnit.Utf32 => Runes(before),
            _ => before.Length,
        });
    }

    /// <summary>The line that people see at an offset, from 1.</summary>
    public int Line(int offset) => Index(_lines, offset) + 1;

    /// <summary>The column that people see at an offset: characters from 1.</summary>
    public int Column(int offset) => Runes(Text.AsSpan(_lines[Index(_lines, offset)], offset - _lines[Index(_lines, offset)])) + 1;

    /// <summary>Where a line that people see starts and ends, without what ends it.</summary>
    /// <param name="line">From 1 to <see cref="LineCount"/>.</param>
    public (int Start, int End) Bounds(int line)
    {
        var start = _lines[line - 1];
        var end = line < _lines.Count ? _lines[line] - 1 : Text.Length;
        return (start, end > start && Text[end - 1] == '\r' ? end - 1 : end);
    }

    /// <summary>A line that people see.</summary>
    public string LineText(int line) => Bounds(line) is var (start, end) ? Text[start..end] : "";

    private static int Index(List<int> starts, int offset) => starts.BinarySearch(offset) is var at && at >= 0 ? at : ~at - 1;

    private static int Runes(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes())
        {
            count++;
        }

        return count;
    }

    /// <summary>The length in UTF-16 of so many units; never half of a character.</summary>
    private int Units(ReadOnlySpan<char> line, int units)
    {
        var (at, used) = (0, 0);
        while (at < line.Length && used < units)
        {
            Rune.DecodeFromUtf16(line[at..], out var rune, out var length);
            used += _unit switch { PositionUnit.Utf8 => rune.Utf8SequenceLength, PositionUnit.Utf32 => 1, _ => length };
            at += length;
        }

        return at;
    }
}
