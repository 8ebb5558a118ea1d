using System.Globalization;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Git;

/// <summary>git_blame: the commit that each line of a file comes from.</summary>
internal sealed class GitBlameTool() : GitTool("git_blame", """{"path":"src/main.py","revision":null,"start_line":10,"end_line":20}""")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        List<string> command = ["blame", "--date=short", "--no-textconv"];
        var (first, last) = (Number(arguments, "start_line"), Number(arguments, "end_line"));
        if (first is not null || last is not null)
        {
            command.Add(string.Create(CultureInfo.InvariantCulture, $"-L{first ?? 1},{last}"));
        }

        if (Revision(arguments, "revision") is { } revision)
        {
            // This command of git does not know --end-of-options; what begins with '-' was refused.
            command.Add(revision);
        }

        return GitAsync(context, [.. command, .. Paths(context, arguments)], "The file is empty.", cancellationToken);
    }
}
