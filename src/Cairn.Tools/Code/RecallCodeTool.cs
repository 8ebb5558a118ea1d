using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Code;

/// <summary>recall_code: only a description. The host has the model of the code; no driver runs.</summary>
internal sealed class RecallCodeTool() : DriverTool(
    "Code", "recall_code", EffectClass.Pure, TimeSpan.FromSeconds(30),
    """{"words":"where is the total of a cart computed","graph":"(f:Function)-[:READS]->(:Table {name: 'carts'})","keys":["src/cart.ts#total"],"max_results":null}""", "memory.read", "fs.read")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("recall_code is carried out by the host; it must never reach a driver.");
}
