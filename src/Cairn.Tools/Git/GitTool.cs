using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Tools.Calls;
using Cairn.Tools.Files;

namespace Cairn.Tools.Git;

/// <summary>
/// What the git tools share. Whatever a repository can make git run (hooks, pagers, external diffs, file system monitors,
/// signature programs, submodules) is switched off, although it would only run in the sandbox: a tool must do what it says and
/// nothing else, and must say what git says, not what a program of the repository prints.
/// </summary>
internal abstract class GitTool(string name, string example, EffectClass effect = EffectClass.Pure, string capability = "fs.read")
    : DriverTool("Git", name, effect, Wall + TimeSpan.FromSeconds(30), example, capability)
{
    private const int MaxOutputBytes = 96 * 1024;
    private const int MaxErrorChars = 600;
    private const int MaxRevision = 250;
    private const int NoProgram = 127;

    private static readonly TimeSpan Wall = TimeSpan.FromSeconds(60);

    private static readonly ImmutableArray<string> Always =
    [
        "git", "--no-pager", "--no-optional-locks", "--literal-pathspecs", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null",
        "-c", "core.untrackedCache=false", "-c", "core.quotePath=false", "-c", "core.attributesFile=/dev/null", "-c", "core.sshCommand=false", "-c", "credential.helper=",
        "-c", "diff.external=", "-c", "diff.submodule=short", "-c", "diff.ignoreSubmodules=all", "-c", "submodule.recurse=false", "-c", "status.submoduleSummary=false",
        "-c", "log.showSignature=false", "-c", "gpg.program=false", "-c", "protocol.allow=never", "-c", "color.ui=false", "-c", "column.ui=never",
        "-c", "log.mailmap=false", "-c", "diff.orderFile=/dev/null", "-c", "blame.ignoreRevsFile=", "-c", "maintenance.auto=false", "-c", "gc.auto=0",
    ];

    /// <summary>Runs git and gives its answer, or says why there is none.</summary>
    protected static Task<ToolResult> GitAsync(ToolContext context, IEnumerable<string> arguments, string nothing, CancellationToken cancellationToken) =>
        RunAsync(context, Command(context, [.. Always, .. arguments], withDirectory: true) with { ReadOnly = true }, nothing, cancellationToken);

    /// <summary>A command in the environment that git gets here.</summary>
    /// <param name="context">The call.</param>
    /// <param name="arguments">Program and arguments.</param>
    /// <param name="withDirectory">Name the repository, so that git does not look for one and find what somebody planted.</param>
    protected static SandboxCommand Command(ToolContext context, ImmutableArray<string> arguments, bool withDirectory)
    {
        var root = context.Workspace.Root;
        var environment = ImmutableDictionary.CreateRange(
            StringComparer.Ordinal,
            [
                KeyValuePair.Create("GIT_WORK_TREE", root), KeyValuePair.Create("GIT_CONFIG_NOSYSTEM", "1"), KeyValuePair.Create("GIT_CONFIG_GLOBAL", "/dev/null"),
                KeyValuePair.Create("GIT_ATTR_NOSYSTEM", "1"), KeyValuePair.Create("GIT_TERMINAL_PROMPT", "0"), KeyValuePair.Create("GIT_NO_REPLACE_OBJECTS", "1"),
                KeyValuePair.Create("GIT_LITERAL_PATHSPECS", "1"), KeyValuePair.Create("GIT_OPTIONAL_LOCKS", "0"),
                KeyValuePair.Create("GIT_CONFIG_COUNT", "1"), KeyValuePair.Create("GIT_CONFIG_KEY_0", "safe.directory"), KeyValuePair.Create("GIT_CONFIG_VALUE_0", "*"),
                KeyValuePair.Create("GIT_AUTHOR_NAME", "Cairn agent"), KeyValuePair.Create("GIT_AUTHOR_EMAIL", "agent@cairn.invalid"),
                KeyValuePair.Create("GIT_COMMITTER_NAME", "Cairn agent"), KeyValuePair.Create("GIT_COMMITTER_EMAIL", "agent@cairn.invalid"),
            ]);
        return new(arguments)
        {
            Limits = new SandboxLimits { Wall = Wall, OutputBytes = MaxOutputBytes },
            Environment = withDirectory ? environment.Add("GIT_DIR", root.TrimEnd('/') + "/.git") : environment,
        };
    }

    /// <summary>Runs a command of git's and gives its answer, or says why there is none.</summary>
    protected static async Task<ToolResult> RunAsync(ToolContext context, SandboxCommand command, string nothing, CancellationToken cancellationToken)
    {
        var result = await context.Workspace.RunAsync(command, cancellationToken);
        var data = new CommandData(result.ExitCode, result.Output, result.Error, (long)result.Wall.TotalMilliseconds, result.LimitHit);
        var answer = result switch
        {
            { TimedOut: true } => new ToolResult(ToolStatus.TimedOut, $"git was stopped after {Wall.TotalSeconds} s; narrow the call with a path."),
            { ExitCode: NoProgram } => ToolResult.Failed("git is not installed in the sandbox's system."),
            { ExitCode: not 0 } => ToolResult.Failed($"git says: {SafeText.ForModel(SafeText.FromTerminal(result.Error).Trim(), MaxErrorChars)}"),
            { Output.Length: 0 } => ToolResult.Ok(nothing),
            _ => ToolResult.Ok(SafeText.FromTerminal(result.Output).TrimEnd('\n')),
        };
        return answer with { LimitHit = result.LimitHit, Processes = 1, Data = Data(context, data, CairnJson.Default.CommandData) };
    }

    /// <summary>The path arguments, behind `--`; none for the whole workspace.</summary>
    protected static string[] Paths(ToolContext context, JsonElement arguments)
    {
        var path = WorkspacePath.Of(context.Workspace, Text(arguments, "path") ?? "");
        return path.Length == 0 ? ["--"] : ["--", path];
    }

    /// <summary>A revision that cannot be an option; null when the argument is null.</summary>
    /// <exception cref="WorkspaceException">When it cannot be a revision.</exception>
    protected static string? Revision(JsonElement arguments, string name)
    {
        var revision = Text(arguments, name);
        return revision is null || (revision.Length is > 0 and <= MaxRevision && revision[0] != '-' && !revision.Any(char.IsControl))
            ? revision
            : throw new WorkspaceException(FileProblem.NotFound, $"'{SafeText.Line(revision, 80)}' cannot be a revision; give a branch, a tag, a hash or HEAD~1.");
    }
}
