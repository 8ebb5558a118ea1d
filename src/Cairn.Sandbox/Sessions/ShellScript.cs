using System.Reflection;
using System.Text;

namespace Cairn.Sandbox.Sessions;

/// <summary>The commands that a shell of a run begins with.</summary>
internal static class ShellScript
{
    // What the sandbox sets; a shell that unset it must not have it again.
    private const string GivenVariables = "PATH HOME USER LOGNAME LANG TERM TMPDIR SHELL PAGER GIT_PAGER";
    private static readonly string Hook = ReadHook();

    /// <summary>The hook before each prompt, and for a shell that comes back, what it was.</summary>
    /// <param name="root">The workspace.</param>
    /// <param name="again">What <see cref="Again"/> gave; null for a new shell.</param>
    public static string Start(string root, string? again)
    {
        // Bash would take these lines for what somebody typed.
        var script = new StringBuilder($"builtin set +o history\n__cairn_root={Quoted(root)}\n").Append(Hook);
        if (again is not null)
        {
            script.Append("builtin unset ").Append(GivenVariables).Append('\n').Append(again);
        }

        return script.Append("\nexec 2>&$__cairn_error {__cairn_error}>&-; builtin set -o history\n").ToString();
    }

    /// <summary>The commands that make a shell what it was at a prompt.</summary>
    public static string Again(ShellState state) =>
        $"builtin cd -- {Quoted(state.Previous.Length > 0 ? state.Previous : state.Directory)}\n"
        + $"builtin cd -- {Quoted(state.Directory)} || builtin cd -- \"$__cairn_root\"\n{state.Script}";

    /// <summary>A text as one word of a shell.</summary>
    public static string Quoted(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static string ReadHook()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Sessions/hook.sh")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
