using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Shell;

/// <summary>shell_close: ends a persistent shell of the run.</summary>
internal sealed class ShellCloseTool() : DriverTool(
    "Shell", "shell_close", EffectClass.Sandboxed, TimeSpan.FromSeconds(60), """{"shell":"main"}""")
{
    protected override async Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var name = Text(arguments, "shell") ?? ShellSendTool.Main;
        var answer = context.Workspace.Shells is { } shells ? await shells.CloseAsync(context.Call, name, cancellationToken) : null;
        return answer is null
            ? ToolResult.Failed($"There is no shell {name}.")
            : ToolResult.Ok(ShellAnswerText.Of(answer, context.Workspace.Root, 1024));
    }
}
