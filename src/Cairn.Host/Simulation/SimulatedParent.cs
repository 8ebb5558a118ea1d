using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host.Simulation;

/// <summary>The program of the scenarios with child runs: one child alone, two side by side, one whose files it adopts.</summary>
internal sealed class SimulatedParent : CodeAgent
{
    /// <summary>The names of the children; each asks the model of its name.</summary>
    public static ImmutableArray<string> Children { get; } = ["alone", "left", "right", "heir"];

    public override string Name => "parent";

    protected override async Task<AgentResult> WorkAsync(AgentRuntime runtime, CancellationToken cancellationToken)
    {
        await AppendAsync(runtime, "before 1", cancellationToken);
        var alone = await SpawnAsync(runtime, false, ["alone"], cancellationToken);
        var pair = await SpawnAsync(runtime, false, ["left", "right"], cancellationToken);
        var heir = await SpawnAsync(runtime, true, ["heir"], cancellationToken);
        await AppendAsync(runtime, "after 1", cancellationToken);
        return new(alone && pair && heir, "done");
    }

    private static Task AppendAsync(AgentRuntime runtime, string text, CancellationToken cancellationToken)
    {
        var call = ScriptedCall.Of("append", text);
        return runtime.CallAsync(call.Tool, call.Arguments, cancellationToken);
    }

    private static async Task<bool> SpawnAsync(AgentRuntime runtime, bool adopt, ImmutableArray<string> names, CancellationToken cancellationToken)
    {
        var children = (await runtime.SpawnAsync([.. names.Select(name => new ChildRequest($"the work of {name}", $"sim:{name}"))], adopt, cancellationToken)).OrStop();
        return children.All(c => c.Outcome == RunOutcome.Succeeded);
    }
}
