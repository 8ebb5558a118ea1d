using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Git;

/// <summary>git_status: what differs from the last commit.</summary>
internal sealed class GitStatusTool() : GitTool("git_status", """{"path":null}""")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        GitAsync(
            context,
            ["status", "--porcelain=v1", "--branch", "--untracked-files=all", "--ignore-submodules=all", "--no-renames", .. Paths(context, arguments)],
            "Nothing differs from the last commit.",
            cancellationToken);
}
