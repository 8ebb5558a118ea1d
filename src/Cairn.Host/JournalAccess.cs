using Cairn.Abstractions;
using Cairn.Storage;

namespace Cairn.Host;

/// <summary>The journal on disk: checked, and taken out.</summary>
public static class JournalAccess
{
    /// <summary>Checks a state directory; one line for each thing that is wrong.</summary>
    public static IReadOnlyList<string> Verify(string stateDirectory) =>
        [.. StateStore.Verify(new PosixDisk(), stateDirectory, CancellationToken.None).Select(f => f.ToString())];

    /// <summary>Writes runs as JSON lines.</summary>
    /// <param name="stateDirectory">The state directory.</param>
    /// <param name="run">The run; null for all.</param>
    /// <param name="output">Where to.</param>
    public static void Export(string stateDirectory, string? run, Stream output)
    {
        using var store = StateStore.OpenReadOnly(new PosixDisk(), stateDirectory);
        var runs = store.Journal.Runs().Select(h => h.Run).Where(id => run is null || id.Value.StartsWith(run, StringComparison.Ordinal)).ToList();
        if (run is not null && runs.Count != 1)
        {
            throw new UserException(runs.Count == 0 ? $"There is no run {run}; `cairn runs` lists them." : $"'{run}' may be {string.Join(" or ", runs.Take(5))}.");
        }

        foreach (var id in runs)
        {
            store.Export(id, output, CancellationToken.None);
        }
    }

    /// <summary>What is wrong on disk with the records of a run; findings that name no run count for every run.</summary>
    internal static IReadOnlyList<string> DamageOf(StateStore store, RunId run) =>
        [.. store.Verify(CancellationToken.None).Where(f => f.Run is null || f.Run == run.Value).Select(f => f.ToString())];
}
