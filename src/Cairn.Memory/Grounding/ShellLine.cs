using System.Text;

namespace Cairn.Memory.Grounding;

/// <summary>A command line cut into its programs with their arguments. Only for lines that put nothing together while they run.</summary>
internal static class ShellLine
{
    private const char Redirection = '\u0001';

    /// <summary>The programs in order, each with its arguments, quotes taken off.</summary>
    public static List<List<string>> Split(string line)
    {
        var parts = new Parts();
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            switch (c)
            {
                case '\\' when i + 1 < line.Length:
                    parts.Add(line[++i]);
                    break;
                case '\'' or '"':
                    parts.Begin();
                    for (i++; i < line.Length && line[i] != c; i++)
                    {
                        parts.Add(c == '"' && line[i] == '\\' && i + 1 < line.Length ? line[++i] : line[i]);
                    }

                    break;
                case ' ' or '\t':
                    parts.EndWord();
                    break;
                case '>' or '<':
                    parts.Redirect(c);
                    while (i + 1 < line.Length && line[i + 1] is '>' or '&' or ' ' or '|')
                    {
                        i++;
                    }

                    break;
                case ';' or '\n' or '|' or '&' or '(' or ')' or '{' or '}':
                    parts.EndCommand();
                    break;
                default:
                    parts.Add(c);
                    break;
            }
        }

        parts.EndCommand();
        return parts.Commands;
    }

    public static bool IsRedirection(string word) => word.StartsWith(Redirection);

    /// <summary>Its output goes into a file.</summary>
    public static bool Writes(IReadOnlyList<string> words) => words.Any(word => word.Length > 2 && word[0] == Redirection && word[1] == '>' && word is not "\u0001>/dev/null" and not "\u0001>1" and not "\u0001>2");

    private static bool IsAssignment(string word) => word.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && word.Take(at).All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private sealed class Parts
    {
        private List<string> _words = [];
        private StringBuilder? _word;

        public List<List<string>> Commands { get; } = [];

        public void Begin() => _word ??= new();

        public void Add(char c) => (_word ??= new()).Append(c);

        public void Redirect(char c)
        {
            // What stands before it may be the number of a stream.
            _word = _word is { Length: 1 } && char.IsDigit(_word[0]) ? null : _word;
            EndWord();
            _word = new StringBuilder().Append(Redirection).Append(c);
        }

        public void EndWord()
        {
            if (_word is not null)
            {
                _words.Add(_word.ToString());
                _word = null;
            }
        }

        public void EndCommand()
        {
            EndWord();
            _words.RemoveRange(0, _words.TakeWhile(IsAssignment).Count());
            if (_words.Count > 0)
            {
                Commands.Add(_words);
                _words = [];
            }
        }
    }
}
