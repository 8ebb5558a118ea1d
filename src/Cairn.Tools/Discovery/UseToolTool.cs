using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Discovery;

/// <summary>use_tool: only a description. A call of it is taken for a call of the tool that it names, before anything is checked.</summary>
internal sealed class UseToolTool() : DriverTool(
    "Discovery", "use_tool", EffectClass.Pure, TimeSpan.FromSeconds(30), """{"tool":"tracker__create_issue","arguments":"{\"title\":\"total() is off by one\"}"}""")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("use_tool is a call of another tool; it must never reach a driver.");
}
