using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Control;

/// <summary>ask_model: only a description. The host asks, within the run's budget; asked again after a crash, it costs again.</summary>
internal sealed class AskModelTool() : DriverTool(
    "Control", "ask_model", EffectClass.Pure, TimeSpan.FromHours(1),
    """{"prompt":"Which of these tests are flaky?","system":null,"schema":null,"model":null,"max_output_tokens":null,"attempts":null}""")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("ask_model is carried out by the host; it must never reach a driver.");
}
