using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Context;

/// <summary>scratchpad: the agent's notes to itself, which survive every shortening of the prompt.</summary>
internal sealed class ScratchpadTool() : DriverTool(
    "Context", "scratchpad", EffectClass.Pure, TimeSpan.FromSeconds(10),
    """{"text":"The parser lives in src/parse.c; tests run with `make check`."}""")
{
    /// <summary>Notes are in every prompt: what is longer belongs into a file.</summary>
    private const int MaxChars = 8_000;

    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var text = Text(arguments, "text") ?? "";
        return Task.FromResult(text.Length > MaxChars
            ? ToolResult.Failed($"The notes have {text.Length:N0} characters; at most {MaxChars:N0} are kept. Nothing was replaced.")
            : ToolResult.Ok(text.Length > 0 ? text : "(empty)") with { Context = new ContextReport { Slot = ContextReport.Scratchpad } });
    }
}
