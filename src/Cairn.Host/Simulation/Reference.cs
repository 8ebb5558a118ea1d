using Cairn.Abstractions;

namespace Cairn.Host.Simulation;

/// <summary>A job that ran without a crash: what every crashed one is compared with.</summary>
internal sealed class Reference
{
    private readonly Dictionary<RunId, IReadOnlyList<JournalRecord>> _records;
    private readonly Dictionary<(RunId, int), BlobHash> _states = [];

    public Reference(SimulatedProcess finished)
    {
        Outcome = Simulation.Outcome.Of(finished);
        _records = finished.Store.Journal.Runs().ToDictionary(h => h.Run, h => finished.Store.Journal.Read(h.Run));
        foreach (var (run, own) in _records)
        {
            var past = RunHistory.Events(finished.Store.Journal, run);
            var state = Kernel.RunState.New;
            for (var i = 0; i < past.Count; i++)
            {
                state = Kernel.Kernel.Apply(state, past[i]);
                var seq = i - (past.Count - own.Count);
                if (seq >= 0)
                {
                    _states[(run, seq + 1)] = Kernel.Kernel.Hash(state);
                }
            }
        }
    }

    /// <summary>What the job left behind.</summary>
    public IReadOnlyList<string> Outcome { get; }

    /// <summary>The chain values of all runs: the whole history in one text.</summary>
    public string Chain => string.Join(' ', _records.Values.Select(r => r[^1].Chain.Short));

    /// <summary>How a run that a crash cut off differs from a prefix of the whole one; null when it does not.</summary>
    public string? Difference(IJournal journal, RunId run, IReadOnlyList<JournalRecord> found)
    {
        if (!_records.TryGetValue(run, out var whole) || found.Count > whole.Count)
        {
            return $"{run} has {found.Count} records, without a crash it has {whole?.Count ?? 0}";
        }

        for (var i = 0; i < found.Count; i++)
        {
            if (found[i].Chain != whole[i].Chain)
            {
                return $"record {i} of {run} is {found[i].Event.GetType().Name} and differs from the uncrashed {whole[i].Event.GetType().Name}";
            }
        }

        return found.Count == 0 || Kernel.Kernel.Hash(RunHistory.State(journal, run)) == _states[(run, found.Count)]
            ? null
            : $"the state of {run} after {found.Count} records is not the uncrashed one";
    }
}
