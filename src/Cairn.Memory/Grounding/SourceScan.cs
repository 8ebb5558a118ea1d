using System.Text;

namespace Cairn.Memory.Grounding;

/// <summary>A text within code.</summary>
/// <param name="Start">Where its first character stands, behind the quote.</param>
/// <param name="Value">What stands between the quotes, as written.</param>
/// <param name="IsBuilt">Values are put into it when it is made.</param>
internal readonly record struct Literal(int Start, string Value, bool IsBuilt);

/// <summary>Code with blanks for its comments and for what stands in its texts; quotes and places stay as they are.</summary>
internal sealed class SourceScan
{
    private readonly StringBuilder _code;
    private readonly string _text;
    private readonly List<Literal> _literals = [];
    private readonly Stack<int> _templates = new();
    private readonly List<int> _lines = [0];
    private char _last;

    private SourceScan(string text)
    {
        (_text, _code) = (text, new(text));
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n')
            {
                _lines.Add(i + 1);
            }
        }
    }

    public string Code { get; private set; } = "";

    public IReadOnlyList<Literal> Literals => _literals;

    public static SourceScan Python(string text)
    {
        var scan = new SourceScan(text);
        for (var at = 0; at < text.Length;)
        {
            at = text[at] switch
            {
                '#' => scan.Blank(at, scan.LineEnd(at)),
                '"' or '\'' => scan.PythonText(at),
                _ => at + 1,
            };
        }

        scan.Code = scan._code.ToString();
        return scan;
    }

    public static SourceScan JavaScript(string text)
    {
        var scan = new SourceScan(text);
        for (var at = 0; at < text.Length;)
        {
            at = scan.JavaScriptAt(at);
        }

        scan.Code = scan._code.ToString();
        return scan;
    }

    public int LineOf(int offset)
    {
        var at = _lines.BinarySearch(offset);
        return (at < 0 ? ~at - 1 : at) + 1;
    }

    /// <summary>The text whose first character stands at a place; null when none does.</summary>
    public Literal? LiteralAt(int start)
    {
        var (low, high) = (0, _literals.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (_literals[middle].Start == start)
            {
                return _literals[middle];
            }

            (low, high) = _literals[middle].Start < start ? (middle + 1, high) : (low, middle - 1);
        }

        return null;
    }

    private int LineEnd(int at) => _text.IndexOf('\n', at) is >= 0 and var end ? end : _text.Length;

    private int Blank(int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            if (_text[i] != '\n')
            {
                _code[i] = ' ';
            }
        }

        return to;
    }

    private int PythonText(int at)
    {
        var quote = _text[at];
        var triple = at + 2 < _text.Length && _text[at + 1] == quote && _text[at + 2] == quote;
        var start = at + (triple ? 3 : 1);
        var end = start;
        while (end < _text.Length && !(triple ? Closes(end, quote) : _text[end] == quote || _text[end] == '\n'))
        {
            end += _text[end] == '\\' ? 2 : 1;
        }

        end = Math.Min(end, _text.Length);
        var prefix = at > 0 ? char.ToLowerInvariant(_text[at - 1]) : ' ';
        var before = at > 1 ? char.ToLowerInvariant(_text[at - 2]) : ' ';
        _literals.Add(new(start, _text[start..end], prefix == 'f' || (prefix == 'r' && before == 'f')));
        Blank(start, end);
        return Math.Min(end + (triple ? 3 : 1), _text.Length);
    }

    private bool Closes(int at, char quote) => _text[at] == quote && at + 2 < _text.Length && _text[at + 1] == quote && _text[at + 2] == quote;

    private int JavaScriptAt(int at)
    {
        var c = _text[at];
        var next = at + 1 < _text.Length ? _text[at + 1] : '\0';
        switch (c)
        {
            case '/' when next == '/':
                return Blank(at, LineEnd(at));
            case '/' when next == '*':
                var close = _text.IndexOf("*/", at + 2, StringComparison.Ordinal);
                return Blank(at, close < 0 ? _text.Length : close + 2);
            case '/' when !char.IsLetterOrDigit(_last) && _last is not (')' or ']' or '}' or '_' or '$' or '"' or '\'' or '`' or '<') && Pattern(at) is { } pattern:
                Blank(at + 1, pattern - 1);
                _last = '/';
                return pattern;
            case '"' or '\'':
                return JavaScriptText(at);
            case '`':
                return Template(at + 1);
            case '{' when _templates.Count > 0:
                _templates.Push(_templates.Pop() + 1);
                break;
            case '}' when _templates.Count > 0 && _templates.Peek() == 0:
                _templates.Pop();
                return Template(at + 1);
            case '}' when _templates.Count > 0:
                _templates.Push(_templates.Pop() - 1);
                break;
        }

        _last = char.IsWhiteSpace(c) ? _last : c;
        return at + 1;
    }

    /// <summary>The end of a regular expression that begins here; null when none does.</summary>
    private int? Pattern(int at)
    {
        var inClass = false;
        for (var i = at + 1; i < _text.Length && _text[i] != '\n'; i++)
        {
            switch (_text[i])
            {
                case '\\':
                    i++;
                    break;
                case '[':
                    inClass = true;
                    break;
                case ']':
                    inClass = false;
                    break;
                case '/' when !inClass:
                    return i + 1;
            }
        }

        return null;
    }

    private int JavaScriptText(int at)
    {
        var end = at + 1;
        while (end < _text.Length && _text[end] != _text[at] && _text[end] != '\n')
        {
            end += _text[end] == '\\' ? 2 : 1;
        }

        end = Math.Min(end, _text.Length);
        if (end == _text.Length || _text[end] == '\n')
        {
            // An apostrophe in the text of a page.
            return at + 1;
        }

        _literals.Add(new(at + 1, _text[(at + 1)..end], false));
        Blank(at + 1, end);
        _last = '"';
        return end + 1;
    }

    private int Template(int start)
    {
        var end = start;
        while (end < _text.Length && _text[end] != '`')
        {
            if (_text[end] == '$' && end + 1 < _text.Length && _text[end + 1] == '{')
            {
                _literals.Add(new(start, _text[start..end], true));
                Blank(start, end);
                _templates.Push(0);
                _last = '{';
                return end + 2;
            }

            end += _text[end] == '\\' ? 2 : 1;
        }

        end = Math.Min(end, _text.Length);
        var whole = start > 0 && _text[start - 1] == '`';
        _literals.Add(new(start, _text[start..end], !whole));
        Blank(start, end);
        _last = '`';
        return Math.Min(end + 1, _text.Length);
    }
}
