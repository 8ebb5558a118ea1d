using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Host.Simulation;

/// <summary>Models whose answers stand in the scenario. Each fails once in a while, as a provider that is busy does.</summary>
internal sealed class SimulatedModels(SimulatedMachine machine, Scenario scenario) : IModelCatalog
{
    public ValueTask<(IModel? Model, string? Problem)> OpenAsync(string id, CancellationToken cancellationToken)
    {
        var name = id[(id.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return new(scenario.Scripts.TryGetValue(name, out var script)
            ? (new Model(machine, name, script), (string?)null)
            : (null, $"there is no script {name}"));
    }

    public ValueTask<IReadOnlyList<ModelAvailability>> FindAsync(CancellationToken cancellationToken) => new([]);

    private sealed class Model(SimulatedMachine machine, string name, ImmutableArray<ScriptedTurn> script) : IModel
    {
        public ModelInfo Info { get; } = new("sim", name, 200_000, 4_000, Recorded: true) { InputPrice = 1, OutputPrice = 2 };

        public async Task<ModelOutcome> AskAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(machine.Random.Next(200, 60_000)), machine.Time, cancellationToken);

            // By the conversation, not by a counter: a run that was killed or forked gets the answer that is due.
            var index = request.Messages.Count(m => m.Role == ChatRole.Assistant);
            if (machine.Random.Next(12) == 0 && machine.Refuses(name, index))
            {
                return ModelOutcome.Failed(ModelErrorKind.RateLimited, "too many requests", TimeSpan.FromSeconds(20));
            }

            if (index >= script.Length)
            {
                return ModelOutcome.Failed(ModelErrorKind.Invalid, $"the script has {script.Length} turns, the conversation wants turn {index + 1}");
            }

            onDelta?.Invoke(new($"turn {index + 1}"));
            await Task.Delay(TimeSpan.FromMilliseconds(machine.Random.Next(200, 20_000)), machine.Time, cancellationToken);
            var calls = script[index].Calls.Select((c, i) => new ModelToolCall($"m{index}.{i}", c.Tool, c.Arguments));
            return ModelOutcome.Answered(new ModelResponse
            {
                Text = $"turn {index + 1}", ToolCalls = [.. calls], Finish = FinishReason.ToolCalls, Usage = new(script[index].InputTokens, 50), CostUsd = 0.0011m, Model = name,
            });
        }
    }
}
