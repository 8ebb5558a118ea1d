using System.Text;

namespace Cairn.Memory.Grounding;

/// <summary>A command line cut into its programs with their arguments. Only for lines that put nothing together while they run.</summary>
internal static class ShellLine
{
    private const char Redirection = '\u0001';

    /// <summary>The programs in order, each with its arguments, quotes taken off.</summary>
    public static List<List<string>> Split(string line)
    {
        var (commands, words, word) = (new List<List<string>>(), new List<string>(), (StringBuilder?)null);
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            switch (c)
            {
                case '\\' when i + 1 < line.Length:
                    (word ??= new()).Append(line[++i]);
                    break;
                case '\'' or '"':
                    word ??= new();
                    for (i++; i < line.Length && line[i] != c; i++)
                    {
                        word.Append(c == '"' && line[i] == '\\' && i + 1 < line.Length ? line[++i] : line[i]);
                    }

                    break;
                case ' ' or '\t':
                    End();
                    break;
                case '>' or '<':
                    // What stands before it may be the number of a stream.
                    word = word is { Length: 1 } && char.IsDigit(word[0]) ? null : word;
                    End();
                    word = new StringBuilder().Append(Redirection).Append(c);
                    while (i + 1 < line.Length && line[i + 1] is '>' or '&' or ' ' or '|')
                    {
                        i++;
                    }

                    break;
                case ';' or '\n' or '|' or '&' or '(' or ')' or '{' or '}':
                    Next();
                    break;
                default:
                    (word ??= new()).Append(c);
                    break;
            }
        }

        Next();
        return commands;

        void End()
        {
            if (word is not null)
            {
                words.Add(word.ToString());
                word = null;
            }
        }

        void Next()
        {
            End();
            while (words.Count > 0 && IsAssignment(words[0]))
            {
                words.RemoveAt(0);
            }

            if (words.Count > 0)
            {
                commands.Add(words);
                words = [];
            }
        }
    }

    public static bool IsRedirection(string word) => word.StartsWith(Redirection);

    /// <summary>Its output goes into a file.</summary>
    public static bool Writes(IReadOnlyList<string> words) => words.Any(word => word.Length > 2 && word[0] == Redirection && word[1] == '>' && word is not "\u0001>/dev/null" and not "\u0001>1" and not "\u0001>2");

    private static bool IsAssignment(string word) => word.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && word.Take(at).All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
