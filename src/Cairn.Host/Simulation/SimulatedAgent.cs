using Cairn.Abstractions;

namespace Cairn.Host.Simulation;

/// <summary>The program of the scenario "code".</summary>
internal sealed class SimulatedAgent(SimulatedMachine machine) : ICodeAgent
{
    public string Name => "simulated";

    public bool OnlyComputes { get; init; }

    public async Task<AgentResult> RunAsync(ISyscalls kernel, CancellationToken cancellationToken)
    {
        string[] lines = machine.Plant == Plant.AgentDependsOnChance && machine.Random.Next(2) == 0 ? ["2", "1"] : ["1", "2"];
        await CallAsync(kernel, "append", $"counter {lines[0]}", cancellationToken);
        if (OnlyComputes)
        {
            // Against its word: what it was told must become durable all the same.
            await Task.Delay(TimeSpan.FromMinutes(1), machine.Time, cancellationToken);
        }

        await CallAsync(kernel, "append", $"counter {lines[1]}", cancellationToken);
        var here = await kernel.CheckpointAsync("before the detour", cancellationToken);
        await CallAsync(kernel, "append", "counter wrong", cancellationToken);
        await kernel.RollbackAsync(here, "it was wrong", cancellationToken);
        await CallAsync(kernel, "charge", "one", cancellationToken);
        var answer = await kernel.CallAsync("read_file", """{"path":"counter"}""", cancellationToken);
        await CallAsync(kernel, "append", $"seen {(answer.Text.Contains("wrong", StringComparison.Ordinal) ? "wrong" : "right")}", cancellationToken);

        // "no" is what the human says who saw that it took effect; anything else is not an answer to this call.
        var told = await CallAsync(kernel, "notify", "two", cancellationToken);
        await CallAsync(kernel, "append", $"told {(told is "done: two" or "no" ? "right" : told)}", cancellationToken);
        await CallAsync(kernel, "append", "counter 3", cancellationToken);
        return new(true, "done");
    }

    private static async Task<string> CallAsync(ISyscalls kernel, string tool, string text, CancellationToken cancellationToken)
    {
        var call = ScriptedCall.Of(tool, text);
        return (await kernel.CallAsync(call.Tool, call.Arguments, cancellationToken)).Text;
    }
}
