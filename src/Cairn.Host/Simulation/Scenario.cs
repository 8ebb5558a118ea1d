using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Host.Simulation;

/// <summary>One answer of a scripted model: the tools that it calls.</summary>
internal sealed record ScriptedTurn(params ImmutableArray<ScriptedCall> Calls)
{
    /// <summary>What the provider counts for the prompt.</summary>
    public long InputTokens { get; init; } = 1000;
}

/// <summary>A tool and its arguments' JSON text.</summary>
internal sealed record ScriptedCall(string Tool, string Arguments)
{
    /// <summary>A call of one of the simulated tools, which all take one text.</summary>
    public static ScriptedCall Of(string tool, string text) => new(tool, $$"""{"text":{{JsonSerializer.Serialize(text, SimulationJson.Default.String)}}}""");
}

/// <summary>
/// A job that a simulated machine must get done, however often it dies. <paramref name="Drive"/> is written so that it can
/// be called again in every life and does what is not yet done.
/// </summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Scripts">What its models answer, by model name.</param>
/// <param name="Drive">The job.</param>
internal sealed record Scenario(string Name, ImmutableDictionary<string, ImmutableArray<ScriptedTurn>> Scripts, Func<SimulatedProcess, Task> Drive)
{
    /// <summary>Runs that the job removes on its way: at any moment each of them is there whole or not at all.</summary>
    public ImmutableHashSet<RunId> Going { get; init; } = [];

    /// <summary>What is wrong with the end; null when the end must be that of the job without a crash.</summary>
    public Func<SimulatedProcess, IEnumerable<string>>? Judge { get; init; }
}
