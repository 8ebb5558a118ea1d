using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Context;

/// <summary>pin: only a description. The host knows what the run has seen; no driver runs.</summary>
internal sealed class PinTool() : DriverTool(
    "Context", "pin", EffectClass.Pure, TimeSpan.FromSeconds(30), """{"address":"file:src/app.py","pinned":true}""")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("pin is carried out by the host; it must never reach a driver.");
}
