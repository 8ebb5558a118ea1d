using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Control;

/// <summary>ask_human: only a description. The kernel turns the call into a durable decision; no driver runs.</summary>
internal sealed class AskHumanTool() : DriverTool(
    "Control", "ask_human", EffectClass.Pure, TimeSpan.FromDays(30),
    """{"question":"Keep the old configuration keys as aliases?","options":["yes","no"]}""")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("ask_human is a decision of the kernel; it must never reach a driver.");
}
