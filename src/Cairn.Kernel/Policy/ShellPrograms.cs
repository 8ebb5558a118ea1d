using System.Collections.Immutable;
using System.Text;

namespace Cairn.Kernel;

/// <summary>
/// The programs that a command line starts. Whatever is not plainly a list of simple commands needs the permission to
/// start a shell (`Command::"sh"`): a text that is not understood is never taken for a harmless one. What a permitted
/// program starts in its turn is the sandbox's business.
/// </summary>
internal static class ShellPrograms
{
    public const string Shell = "sh";

    private static readonly ImmutableHashSet<string> Words =
    [
        "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "select", "function", "time", "coproc", "!", "{", "}", "[[", "]]",
        "eval", "exec", "source", ".", "command", "builtin", "env", "xargs", "sudo", "nohup", "trap", "alias", "bash", "sh", "dash", "zsh", "busybox", "enable", "export", "declare", "typeset", "local", "readonly",
    ];

    /// <summary>Each program once, in the order of the line; a line without any needs a shell.</summary>
    /// <param name="line">The line.</param>
    /// <param name="paths">Takes the programs that are given by a path, as far as they can be seen; such a line needs a shell.</param>
    public static ImmutableArray<string> Of(string line, List<string>? paths = null)
    {
        var found = ImmutableArray.CreateBuilder<string>();
        var word = new StringBuilder();
        var (started, quoted, first) = (false, false, true);
        for (var i = 0; i <= line.Length; i++)
        {
            var c = i == line.Length ? ';' : line[i];
            switch (c)
            {
                // Substitutions, groups, redirections, comments, patterns and braces may all hide a program or a file.
                case '$' or '`' or '(' or ')' or '<' or '>' or '\\' or '#' or '*' or '?' or '[' or ']' or '{' or '}' or '~' or '\r' or '\0':
                    return [Shell];
                case '\'' or '"':
                    var end = line.IndexOf(c, i + 1);
                    if (end < 0 || (c == '"' && line.AsSpan(i, end - i).ContainsAny('$', '`', '\\')))
                    {
                        return [Shell];
                    }

                    word.Append(line, i + 1, end - i - 1);
                    (started, quoted) = (true, true);
                    i = end;
                    break;
                case ' ' or '\t' or ';' or '&' or '|' or '\n':
                    if (started && first)
                    {
                        var name = word.ToString();
                        if (name.Contains('/', StringComparison.Ordinal) && (quoted || !IsAssignment(name)))
                        {
                            paths?.Add(name);
                            name = Shell;
                        }
                        else if ((!quoted && IsAssignment(name)) || !IsProgram(name))
                        {
                            return [Shell];
                        }

                        if (!found.Contains(name))
                        {
                            found.Add(name);
                        }

                        first = false;
                    }

                    word.Clear();
                    (started, quoted) = (false, false);
                    first = first || c is not (' ' or '\t');
                    break;
                default:
                    word.Append(c);
                    started = true;
                    break;
            }
        }

        return found.Count == 0 || found.Contains(Shell) ? [Shell] : found.DrainToImmutable();
    }

    /// <summary>A setting before a command (LD_PRELOAD=…, PATH=…) can make any program out of a permitted one.</summary>
    private static bool IsAssignment(string word) => word.Contains('=', StringComparison.Ordinal);

    /// <summary>A program is named, not given by a path: a file of the workspace may have any name.</summary>
    private static bool IsProgram(string name) => name.Length > 0 && !Words.Contains(name);
}
