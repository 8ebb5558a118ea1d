using Cairn.Abstractions;
using Cairn.Storage;

namespace Cairn.Host.Simulation;

/// <summary>What must hold after every recovery.</summary>
internal static class Invariants
{
    /// <summary>What is broken in the state that a life found.</summary>
    /// <param name="process">The process that has just opened it.</param>
    /// <param name="acknowledged">What was acknowledged so far.</param>
    /// <param name="reference">The job without a crash; null when this is no longer its prefix.</param>
    public static IEnumerable<string> Broken(SimulatedProcess process, Acknowledged acknowledged, Reference? reference)
    {
        // The store itself is asked, not what a planted bug makes of it.
        var (journal, blobs) = (process.Store.Journal, process.Store.Blobs);
        foreach (var lost in acknowledged.Lost(journal, process.Scenario.Going))
        {
            yield return lost;
        }

        foreach (var finding in StateStore.Verify(process.Machine.Disk, SimulatedProcess.StateDirectory, CancellationToken.None))
        {
            yield return $"verify: {finding}";
        }

        foreach (var run in journal.Runs().Select(h => h.Run))
        {
            var own = journal.Read(run);
            if (!process.Scenario.Going.Contains(run) && reference?.Difference(journal, run, own) is { } difference)
            {
                yield return difference;
            }

            foreach (var hash in own.SelectMany(r => References.Of(r.Event)).Where(hash => blobs.TryGet(hash) is null))
            {
                yield return $"{run} refers to the body {hash.Short}, which is lost";
            }

            foreach (var layer in own.Select(r => r.Event).OfType<ToolCallFinished>().Select(e => e.Layer).OfType<LayerId>()
                .Where(layer => !process.Machine.Files.Layers.ContainsKey(layer)))
            {
                yield return $"{run} refers to the layer {layer}, which is lost";
            }

            if (ReplayVerifier.Verify(journal, blobs, run) is { Passed: false } report)
            {
                yield return $"replay of {run}: {report.Difference}";
            }

            foreach (var silent in SilentRepeats(run, own))
            {
                yield return silent;
            }
        }
    }

    /// <summary>Calls without a key that were issued again although no human said so.</summary>
    private static IEnumerable<string> SilentRepeats(RunId run, IReadOnlyList<JournalRecord> records)
    {
        var issued = new HashSet<CallId>();
        DecisionRequested? question = null;
        foreach (var e in records.Select(r => r.Event))
        {
            switch (e)
            {
                case ToolCallStarted { Effect: EffectClass.ExternalUnkeyed } start when !issued.Add(start.Call):
                    yield return $"{run} issued call {start.Call} again, and nobody was asked";
                    break;
                case DecisionRequested asked:
                    question = asked;
                    break;
                case DecisionMade { Approved: true } made when question?.Decision == made.Decision && question.Call is { } call:
                    issued.Remove(call);
                    break;
                default:
                    break;
            }
        }

        var answers = records.Select(r => r.Event).OfType<DecisionMade>().GroupBy(d => d.Decision).Where(g => g.Count() > 1);
        foreach (var twice in answers)
        {
            yield return $"{run}: {twice.Key} was answered {twice.Count()} times";
        }
    }
}
