using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Control;

/// <summary>
/// spawn_run: only a description. The host starts the children under ids that follow from the call, which is the
/// idempotency key that makes a repeated call safe.
/// </summary>
internal sealed class SpawnRunTool() : DriverTool(
    "Control", "spawn_run", EffectClass.ExternalKeyed, TimeSpan.FromDays(30),
    """{"children":[{"task":"Write the tests of the parser.","model":null,"judge":"make test","tokens":50000,"usd":null,"steps":40}],"adopt":true}""")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("spawn_run is carried out by the host; it must never reach a driver.");
}
