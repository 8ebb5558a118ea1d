using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Tools.Calls;
using Cairn.Tools.Files;

namespace Cairn.Tools.Git;

/// <summary>
/// What the git tools share. Whatever a repository can make git run (hooks, pagers, external diffs, file system monitors,
/// signature programs, submodules) is switched off, although it would only run in the sandbox: a tool that reads must do
/// nothing else, and must say what git says, not what a program of the repository prints.
/// </summary>
internal abstract class GitTool(string name, string example)
    : DriverTool("Git", name, EffectClass.Pure, Wall + TimeSpan.FromSeconds(30), example)
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
    protected static async Task<ToolResult> GitAsync(ToolContext context, IEnumerable<string> arguments, string nothing, CancellationToken cancellationToken)
    {
        var root = context.Workspace.Root;
        var command = new SandboxCommand([.. Always, .. arguments])
        {
            ReadOnly = true,
            Limits = new SandboxLimits { Wall = Wall, OutputBytes = MaxOutputBytes },
            Environment = ImmutableDictionary.CreateRange(
                StringComparer.Ordinal,
                [
                    // Named, so that git does not look for a repository and find one that somebody planted.
                    KeyValuePair.Create("GIT_DIR", root.TrimEnd('/') + "/.git"), KeyValuePair.Create("GIT_WORK_TREE", root),
                    KeyValuePair.Create("GIT_CONFIG_NOSYSTEM", "1"), KeyValuePair.Create("GIT_CONFIG_GLOBAL", "/dev/null"),
                    KeyValuePair.Create("GIT_ATTR_NOSYSTEM", "1"), KeyValuePair.Create("GIT_TERMINAL_PROMPT", "0"), KeyValuePair.Create("GIT_NO_REPLACE_OBJECTS", "1"),
                ]),
        };
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
