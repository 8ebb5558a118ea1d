using System.Collections.Immutable;
using Cairn.Host;
using Cairn.Host.Simulation;
using Cairn.Kernel;
using RunState = Cairn.Kernel.RunState;

namespace Cairn.Tests.Simulation;

/// <summary>One job on one simulated machine, in simulated time, from scripted models.</summary>
internal sealed class SimulatedJob(ulong seed, params (string Model, ScriptedTurn[] Turns)[] scripts)
{
    private readonly Scenario _scenario = new(
        "test", scripts.ToImmutableDictionary(s => s.Model, s => s.Turns.ToImmutableArray()), _ => Task.CompletedTask);

    public static ScriptedTurn Done { get; } = new(new ScriptedCall(KernelTools.Complete, """{"summary":"done","outcome":"done"}"""));

    public SimulatedMachine Machine { get; } = new(seed, Plant.None);

    public static ScriptedTurn Append(string text) => new(ScriptedCall.Of("append", text));

    /// <summary>One life of a process.</summary>
    public void Live(Func<SimulatedProcess, Task> life) => new SimulatedScheduler(1, Machine.Time).Run(
        async () =>
        {
            using var process = new SimulatedProcess(Machine, _scenario, new Acknowledged());
            await life(process);
        },
        () => false);

    /// <summary>The process dies and the machine starts again.</summary>
    public void Crash() => Machine.Restart();

    public static RunState State(SimulatedProcess process, RunId run) => RunHistory.State(process.Services.Journal, run);
}
