using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Code;

/// <summary>impact: only a description. The host has the model of the code; no driver runs.</summary>
internal sealed class ImpactTool() : DriverTool(
    "Code", "impact", EffectClass.Pure, TimeSpan.FromSeconds(30),
    """{"symbol":"users.email","max_results":null}""", "memory.read", "fs.read")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("impact is carried out by the host; it must never reach a driver.");
}
