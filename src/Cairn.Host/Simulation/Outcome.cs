using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host.Simulation;

/// <summary>What a finished job left behind, one line per fact: the same with and without crashes.</summary>
internal static class Outcome
{
    public static IReadOnlyList<string> Of(SimulatedProcess process)
    {
        var facts = new List<string>();
        var runs = process.Services.Journal.Runs()
            .Select(h => (h.Run, State: RunHistory.State(process.Services.Journal, h.Run)))
            .Select(r => (Name: Name(r.Run, r.State), r.State));
        foreach (var (name, state) in runs.OrderBy(r => r.Name, StringComparer.Ordinal))
        {
            facts.Add($"{name}: {state.Phase}, {state.Outcome}, merge {state.Merged}, judge {state.JudgePassed}, step {state.Step}{Why(state)}");
            facts.AddRange(Changed(process, state).Select(f => $"{name} changed {f}"));
        }

        facts.AddRange(Tree(process.Machine.Files.Repository).Select(f => $"the repository has {f}"));
        facts.AddRange(process.Machine.Server.Done.Order(StringComparer.Ordinal).Select(d => $"the world saw '{d}'"));
        return facts;
    }

    /// <summary>The first difference; null when there is none.</summary>
    public static string? Difference(IReadOnlyList<string> wanted, IReadOnlyList<string> found)
    {
        for (var i = 0; i < Math.Max(wanted.Count, found.Count); i++)
        {
            var (a, b) = (i < wanted.Count ? wanted[i] : "nothing", i < found.Count ? found[i] : "nothing");
            if (a != b)
            {
                return $"without a crash: {a}; now: {b}";
            }
        }

        return null;
    }

    private static string Why(RunState state) => state.Outcome == RunOutcome.Failed ? $", because: {state.Reason}" : "";

    // A child's id follows from its call's, and that from how often its parent was taken up again before.
    private static string Name(RunId run, RunState state) => state.Spec.Parent is { } parent ? $"{parent}'s child for {state.Spec.Title}" : run.Value;

    // Not the whole view: what other runs merged into the repository meanwhile is below it, and when they did is chance.
    private static IEnumerable<string> Changed(SimulatedProcess process, RunState state)
    {
        var layers = process.Services.Layers;
        return state.Layer is { } layer && !process.Machine.Files.Layers.ContainsKey(layer)
            ? [$"nothing any more: layer {layer} is lost"]
            : layers.NetChanges(state.Layer, null).Where(c => c.Kind == EntryKind.File)
                .Select(c => $"{c.Path} = {(c.After.IsNone ? "gone" : Text(layers.Content(c.After)))}");
    }

    private static IEnumerable<string> Tree(IReadOnlyDictionary<string, SimulatedEntry> tree) =>
        tree.Where(e => e.Value.Kind == EntryKind.File).Select(e => $"{e.Key} = {Text(e.Value.Bytes)}");

    private static string Text(byte[] bytes) => bytes.Length > 100
        ? BlobHash.Of(bytes).Short
        : System.Text.Encoding.UTF8.GetString(bytes).Replace('\n', ',');
}
