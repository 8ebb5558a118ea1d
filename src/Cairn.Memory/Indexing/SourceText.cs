using System.Text;

namespace Cairn.Memory.Indexing;

/// <summary>A file's bytes as text; and where its lines begin.</summary>
internal sealed class SourceText
{
    private readonly List<int> _starts = [0];

    private SourceText(string text)
    {
        Text = text;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n')
            {
                _starts.Add(i + 1);
            }
        }
    }

    public string Text { get; }

    public int Lines => _starts.Count;

    /// <summary>The text of a file; null when it is none.</summary>
    public static SourceText? Of(ReadOnlySpan<byte> bytes)
    {
        // What has a NUL near its beginning is no text, as git sees it.
        return bytes[..Math.Min(bytes.Length, 8000)].Contains((byte)0) ? null : new(Encoding.UTF8.GetString(bytes));
    }

    /// <summary>The line of a place, from 1.</summary>
    public int LineOf(int offset)
    {
        var at = _starts.BinarySearch(offset);
        return (at < 0 ? ~at - 1 : at) + 1;
    }

    /// <summary>Some lines, from 1, both included.</summary>
    public string Slice(int first, int last)
    {
        var start = _starts[Math.Clamp(first, 1, _starts.Count) - 1];
        var end = last >= _starts.Count ? Text.Length : _starts[Math.Max(last, first)];
        return Text[start..Math.Max(start, end)];
    }
}
