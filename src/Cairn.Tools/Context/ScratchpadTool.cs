using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Context;

/// <summary>scratchpad: the agent's notes to itself, which survive every shortening of the prompt.</summary>
internal sealed class ScratchpadTool() : DriverTool(
    "Context", "scratchpad", EffectClass.Pure, TimeSpan.FromSeconds(10),
    """{"text":"The parser lives in src/parse.c; tests run with `make check`."}""")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        Task.FromResult(ToolResult.Ok(Text(arguments, "text") is { Length: > 0 } text ? text : "(empty)")
            with { Context = new ContextReport { Slot = ContextReport.Scratchpad } });
}
