using System.Text;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Context;

/// <summary>todo: the agent's list of things to do, which survives every shortening of the prompt.</summary>
internal sealed class TodoTool() : DriverTool(
    "Context", "todo", EffectClass.Pure, TimeSpan.FromSeconds(10),
    """{"items":[{"text":"find the failing test","done":true},{"text":"mend total()","done":false}]}""")
{
    private const int MaxItemChars = 300;

    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var list = new StringBuilder();
        foreach (var item in arguments.GetProperty("items").EnumerateArray())
        {
            list.Append(Flag(item, "done") ? "[x] " : "[ ] ").Append(SafeText.Line(Text(item, "text") ?? "", MaxItemChars)).Append('\n');
        }

        var text = list.Length == 0 ? "(nothing to do)" : list.ToString().TrimEnd('\n');
        return Task.FromResult(ToolResult.Ok(text) with { Context = new ContextReport { Slot = ContextReport.Todo } });
    }
}
