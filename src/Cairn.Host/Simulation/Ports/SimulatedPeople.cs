using Cairn.Abstractions;

namespace Cairn.Host.Simulation;

/// <summary>
/// A human who takes hours, answers questions with the first option, and looks before saying whether an effect of unknown
/// outcome may be issued again.
/// </summary>
internal sealed class SimulatedHuman(SimulatedMachine machine) : IHuman
{
    public async Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromMinutes(machine.Random.Next(1, 600)), machine.Time, cancellationToken);
        machine.ThrowIfDead();
        if (!question.Contains("nobody knows whether it took effect", StringComparison.Ordinal))
        {
            return options.Count > 0 ? options[0] : "blue";
        }

        return !machine.Server.Done.Contains("two") || machine.Plant == Plant.UnknownOutcomeRepeated ? "yes" : "no";
    }
}

/// <summary>Accepts a workspace that holds the file that its command names.</summary>
internal sealed class SimulatedJudge(SimulatedMachine machine) : IJudge
{
    public async Task<Judgment> JudgeAsync(IWorkspace workspace, JudgeSpec spec, Action<string>? onOutput, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromSeconds(machine.Random.Next(1, 300)), machine.Time, cancellationToken);
        var passed = workspace.Stat(spec.Command) is not null;
        return new(passed, passed ? 1 : 0, passed ? "all is well" : $"{spec.Command} is missing");
    }
}
