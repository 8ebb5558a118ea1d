using System.Globalization;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Git;

/// <summary>git_log: the commits that lead to a revision.</summary>
internal sealed class GitLogTool() : GitTool("git_log", """{"revision":null,"path":"src/main.py","max_count":10,"files":true}""")
{
    private const int DefaultCount = 20;

    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var count = Number(arguments, "max_count") ?? DefaultCount;
        List<string> command =
        [
            "log", "--no-ext-diff", "--no-textconv", "--no-color", "--no-show-signature", "--no-decorate",
            string.Create(CultureInfo.InvariantCulture, $"--max-count={count}"), "--date=iso-strict", "--format=%h %ad %an: %s",
        ];
        if (Flag(arguments, "files"))
        {
            command.Add("--name-status");
        }

        command.AddRange(["--end-of-options", Revision(arguments, "revision") ?? "HEAD"]);
        return GitAsync(context, [.. command, .. Paths(context, arguments)], "There are no such commits.", cancellationToken);
    }
}
