using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Context;

/// <summary>recall: only a description. The host knows what the run has seen; no driver runs.</summary>
internal sealed class RecallTool() : DriverTool(
    "Context", "recall", EffectClass.Pure, TimeSpan.FromSeconds(30), """{"address":"result:3.1","query":null,"start_line":null,"end_line":null}""")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("recall is carried out by the host; it must never reach a driver.");
}
