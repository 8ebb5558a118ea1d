using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Cairn.Sandbox.Sessions;

/// <summary>
/// What a shell said about itself at its prompt. It comes from inside the sandbox, so it may say anything: it is only ever
/// given back to a shell in a sandbox of the same run, and shown to people as text.
/// </summary>
/// <param name="Number">Which prompt it is, as the shell counts; stands in the terminal's output too.</param>
/// <param name="ExitCode">Of the last command.</param>
/// <param name="Directory">Working directory.</param>
/// <param name="Previous">The one before it.</param>
/// <param name="Jobs">The shell's jobs, for people.</param>
/// <param name="Script">The commands that make a shell of the same kind: variables, functions, options, aliases, traps, umask, history.</param>
internal sealed partial record ShellState(int Number, int ExitCode, string Directory, string Previous, ImmutableArray<string> Jobs, string Script)
{
    /// <summary>The sections of a report, each ended by NUL. A shell that an older Cairn started says nothing of its history.</summary>
    private const int Sections = 14;
    private const int OldSections = 13;
    private const int MaxHistoryLine = 4096;

    /// <summary>What belongs to the process that a shell is, or is set by it anew.</summary>
    private static readonly HashSet<string> Own =
    [
        "_", "BASH", "BASHOPTS", "BASHPID", "BASH_ALIASES", "BASH_ARGC", "BASH_ARGV", "BASH_ARGV0", "BASH_CMDS", "BASH_COMMAND", "BASH_LINENO",
        "BASH_MONOSECONDS", "BASH_REMATCH", "BASH_SOURCE", "BASH_SUBSHELL", "BASH_TRAPSIG", "BASH_VERSINFO", "BASH_VERSION", "COLUMNS",
        "COMP_WORDBREAKS", "COPROC", "COPROC_PID", "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID", "FUNCNAME", "GROUPS", "HISTCMD", "HISTFILE",
        "LINENO", "LINES", "OLDPWD", "OPTERR", "OPTIND", "PIPESTATUS", "PPID", "PROMPT_COMMAND", "PWD", "RANDOM", "SECONDS", "SHELLOPTS", "SHLVL",
        "SRANDOM", "UID",
    ];

    /// <summary>Reads a report; null when it is cut off, empty or of no form that the hook writes.</summary>
    public static ShellState? Parse(ReadOnlySpan<byte> report)
    {
        var parts = Encoding.UTF8.GetString(report).Split('\0');
        if (parts.Length is not (Sections + 1 or OldSections + 1) || parts[^1] != "\u0002"
            || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out var number)
            || !int.TryParse(parts[1], CultureInfo.InvariantCulture, out var exit))
        {
            return null;
        }

        var script = new StringBuilder();
        foreach (var declaration in Declarations(parts[5]).Where(d => Restores(Name(d))))
        {
            script.Append(declaration).Append('\n');
        }

        script.Append(parts[6]).Append('\n');
        foreach (var line in Lines(parts[7]).Where(l => l.StartsWith("declare -f", StringComparison.Ordinal) && !l.StartsWith("declare -f ", StringComparison.Ordinal)))
        {
            // Functions with attributes: exported, traced.
            script.Append(line).Append('\n');
        }

        foreach (var section in parts[8..OldSections])
        {
            script.Append(section).Append('\n');
        }

        script.Append("builtin set +o history\nbuiltin history -c\n");
        foreach (var line in parts.Length > Sections ? History(parts[OldSections]) : [])
        {
            script.Append("builtin history -s -- ").Append(ShellScript.Quoted(line)).Append('\n');
        }

        return new(number, exit, parts[2], parts[3], [.. Lines(parts[4]).Select(l => l.Trim())], script.ToString());
    }

    /// <summary>Cuts the output of `declare -p` into its declarations: a value may hold line breaks, quoted in any of bash's ways.</summary>
    public static IEnumerable<string> Declarations(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var end = End(text, at);
            if (text.AsSpan(at, end - at).StartsWith("declare -", StringComparison.Ordinal))
            {
                yield return text[at..end];
            }

            at = end + 1;
        }
    }

    /// <summary>The name that a declaration is about.</summary>
    public static string Name(string declaration)
    {
        var start = declaration.IndexOf(' ', "declare ".Length) + 1;
        var end = declaration.AsSpan(start).IndexOfAny('=', ' ', '\n');
        return start <= 0 ? "" : end < 0 ? declaration[start..] : declaration.Substring(start, end);
    }

    /// <summary>The commands that `history` lists; one of several lines goes on until the next number.</summary>
    public static IEnumerable<string> History(string text)
    {
        var starts = HistoryNumber().Matches(text);
        for (var i = 0; i < starts.Count; i++)
        {
            var from = starts[i].Index + starts[i].Length;
            var line = text[from..(i + 1 < starts.Count ? starts[i + 1].Index : text.Length)].TrimEnd('\n');
            if (line.Length is > 0 and <= MaxHistoryLine)
            {
                yield return line;
            }
        }
    }

    [GeneratedRegex("^ *[0-9]+[* ] ", RegexOptions.Multiline)]
    private static partial Regex HistoryNumber();

    private static bool Restores(string name) => name.Length > 0 && !Own.Contains(name) && !name.StartsWith("__cairn", StringComparison.Ordinal);

    private static IEnumerable<string> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    // The end of the declaration: the first line break that no quotes hold.
    private static int End(string text, int at)
    {
        var quote = '\0';
        for (; at < text.Length; at++)
        {
            var c = text[at];
            if (c == '\\' && quote != '\'')
            {
                at++;
            }
            else if (quote != '\0')
            {
                quote = c == quote || (quote == '$' && c == '\'') ? '\0' : quote;
            }
            else if (c == '\n')
            {
                return at;
            }
            else if (c is '"' or '\'')
            {
                quote = c == '\'' && at > 0 && text[at - 1] == '$' ? '$' : c;
            }
        }

        return text.Length;
    }
}
