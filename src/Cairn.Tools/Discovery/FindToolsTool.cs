using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Discovery;

/// <summary>find_tools: only a description. The host knows which tools the run has; no driver runs.</summary>
internal sealed class FindToolsTool() : DriverTool(
    "Discovery", "find_tools", EffectClass.Pure, TimeSpan.FromSeconds(30), """{"query":"create an issue"}""")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("find_tools is carried out by the host; it must never reach a driver.");
}
