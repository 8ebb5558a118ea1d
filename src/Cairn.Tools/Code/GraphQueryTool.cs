using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Code;

/// <summary>graph_query: only a description. The host has the model of the code; no driver runs.</summary>
internal sealed class GraphQueryTool() : DriverTool(
    "Code", "graph_query", EffectClass.Pure, TimeSpan.FromSeconds(30),
    """{"query":"MATCH (f)-[:CALLS]->({name: 'total'}) RETURN f.path, f.name, f.line","max_rows":null}""", "memory.read", "fs.read")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("graph_query is carried out by the host; it must never reach a driver.");
}
