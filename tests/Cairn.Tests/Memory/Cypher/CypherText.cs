using System.Globalization;
using System.Text;
using Cairn.Memory.Cypher;
using Cairn.Memory.Graph;

namespace Cairn.Tests.Memory.Cypher;

/// <summary>Values in one written form, so that an answer can be compared with what a scenario's table says.</summary>
internal static class CypherText
{
    public static string Of(object? value, bool unordered = false) => value switch
    {
        null => "null",
        bool b => b ? "true" : "false",
        long n => n.ToString(CultureInfo.InvariantCulture),
        double n => CypherValues.Text(n),
        string s => $"'{s}'",
        List<object?> list => "[" + string.Join(", ", Ordered(list.Select(item => Of(item, unordered)), unordered)) + "]",
        Dictionary<string, object?> map => Map(map, unordered),
        GraphNode node => Node(node.Labels, (Dictionary<string, object?>)node.Properties),
        GraphEdge edge => $"[:{edge.Type}{Properties((Dictionary<string, object?>)edge.Properties)}]",
        GraphPath path => Path(path),
        _ => value.ToString()!,
    };

    /// <summary>What a table's cell says, in the same form.</summary>
    public static string OfCell(string cell, bool unordered = false) => new Reader(cell, unordered).Value();

    private static IEnumerable<string> Ordered(IEnumerable<string> items, bool unordered) => unordered ? items.Order(StringComparer.Ordinal) : items;

    private static string Map(IEnumerable<KeyValuePair<string, object?>> map, bool unordered) =>
        "{" + string.Join(", ", map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}: {Of(pair.Value, unordered)}")) + "}";

    private static string Properties(Dictionary<string, object?> properties) => properties.Count == 0 ? "" : " " + Map(properties, false);

    private static string Node(IEnumerable<string> labels, Dictionary<string, object?> properties) =>
        $"({string.Concat(labels.Order(StringComparer.Ordinal).Select(label => ":" + label))}{Properties(properties)})".Replace("( {", "({", StringComparison.Ordinal);

    private static string Path(GraphPath path)
    {
        var text = new StringBuilder("<").Append(Of(path.Nodes[0]));
        for (var i = 0; i < path.Length; i++)
        {
            var forward = path.Edges[i].From.Equals(path.Nodes[i]);
            text.Append(forward ? "-" : "<-").Append(Of(path.Edges[i])).Append(forward ? "->" : "-").Append(Of(path.Nodes[i + 1]));
        }

        return text.Append('>').ToString();
    }

    private sealed class Reader(string text, bool unordered)
    {
        private int _at;

        private char Current => _at < text.Length ? text[_at] : '\0';

        public string Value()
        {
            Blanks();
            switch (Current)
            {
                case '\'':
                    return Quoted();
                case '[':
                    return text[_at..].StartsWith("[:", StringComparison.Ordinal) ? Bracketed('[', ']') : List();
                case '{':
                    return Braces();
                case '(':
                    return Bracketed('(', ')');
                case '<':
                    return Path();
                default:
                    var start = _at;
                    while (_at < text.Length && !",]}|".Contains(Current, StringComparison.Ordinal))
                    {
                        _at++;
                    }

                    var word = text[start.._at].Trim();
                    return double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && !long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
                        ? CypherValues.Text(number)
                        : word;
            }
        }

        private void Blanks()
        {
            while (Current == ' ')
            {
                _at++;
            }
        }

        private string Quoted()
        {
            var value = new StringBuilder("'");
            for (_at++; Current != '\''; _at++)
            {
                if (Current == '\\')
                {
                    _at++;
                }

                value.Append(Current);
            }

            _at++;
            return value.Append('\'').ToString();
        }

        private string List()
        {
            var items = new List<string>();
            _at++;
            for (Blanks(); Current != ']'; Blanks())
            {
                items.Add(Value());
                Blanks();
                _at += Current == ',' ? 1 : 0;
            }

            _at++;
            return "[" + string.Join(", ", Ordered(items, unordered)) + "]";
        }

        private string Braces()
        {
            var items = new SortedDictionary<string, string>(StringComparer.Ordinal);
            _at++;
            for (Blanks(); Current != '}'; Blanks())
            {
                var colon = text.IndexOf(':', _at);
                var name = text[_at..colon].Trim().Trim('`');
                _at = colon + 1;
                items[name] = Value();
                Blanks();
                _at += Current == ',' ? 1 : 0;
            }

            _at++;
            return "{" + string.Join(", ", items.Select(pair => $"{pair.Key}: {pair.Value}")) + "}";
        }

        private string Bracketed(char open, char close)
        {
            _at++;
            var labels = new List<string>();
            var properties = "";
            for (Blanks(); Current != close; Blanks())
            {
                if (Current == '{')
                {
                    properties = Braces();
                    continue;
                }

                _at++;
                var start = _at;
                while (char.IsLetterOrDigit(Current) || Current == '_')
                {
                    _at++;
                }

                labels.Add(text[start.._at]);
            }

            _at++;
            var names = string.Concat(labels.Order(StringComparer.Ordinal).Select(label => ":" + label));
            return $"{open}{names}{(properties.Length > 0 && names.Length > 0 ? " " : "")}{properties}{close}";
        }

        private string Path()
        {
            var value = new StringBuilder("<");
            for (_at++; Current != '>' || text[_at - 1] == '-';)
            {
                value.Append(Current is '(' or '[' ? Bracketed(Current, Current == '(' ? ')' : ']') : text[_at++].ToString());
            }

            _at++;
            return value.Append('>').ToString();
        }
    }
}
