using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Git;

/// <summary>git_diff: the workspace against a revision, or two revisions.</summary>
internal sealed class GitDiffTool() : GitTool("git_diff", """{"from":"HEAD~1","to":null,"path":"src","summary":null}""")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        List<string> command = ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all"];
        if (Flag(arguments, "summary"))
        {
            command.Add("--stat=160");
        }

        command.AddRange(["--end-of-options", Revision(arguments, "from") ?? "HEAD"]);
        if (Revision(arguments, "to") is { } to)
        {
            command.Add(to);
        }

        return GitAsync(context, [.. command, .. Paths(context, arguments)], "There is no difference.", cancellationToken);
    }
}
