using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>What a replay proved.</summary>
/// <param name="Run">The run.</param>
/// <param name="Records">Records that were folded, those of a fork's past included.</param>
/// <param name="Prompts">Prompts that were rendered again and are byte-identical.</param>
/// <param name="Decisions">Intents that the kernel asks for again in just that state.</param>
/// <param name="Ended">The run is over; an open run is proven up to its last record.</param>
/// <param name="State">Hash of the last state.</param>
/// <param name="Difference">The first difference; null when there is none.</param>
public sealed record ReplayReport(
    RunId Run, int Records, int Prompts, int Decisions, bool Ended, BlobHash State, string? Difference)
{
    /// <summary>Everything is byte for byte as it was recorded.</summary>
    public bool Passed => Difference is null;
}

/// <summary>
/// Runs the fold of a journal again and compares every decision, state hash and prompt with what was recorded. Needs the
/// journal and the bodies only: it opens no socket and starts no process.
/// </summary>
public static class ReplayVerifier
{
    /// <summary>Verifies a run.</summary>
    public static ReplayReport Verify(IJournal journal, IBlobStore blobs, RunId run)
    {
        IReadOnlyList<JournalRecord> records;
        try
        {
            records = RunHistory.Records(journal, run);
        }
        catch (InvalidDataException e)
        {
            return new(run, 0, 0, 0, false, default, e.Message);
        }

        var state = RunState.New;
        var (prompts, decisions) = (0, 0);
        using var proof = new PromptProof(blobs);
        for (var i = 0; i < records.Count; i++)
        {
            var e = records[i].Event;
            string? difference;
            try
            {
                difference = Compare(state, e, blobs, proof, ref prompts, ref decisions);
                state = difference is null ? Kernel.Kernel.Apply(state, e) : state;
                difference ??= i == records.Count - 1 ? proof.Finish() : null;
            }
            catch (Exception broken) when (broken is JournalMeaningException or InvalidDataException or System.Text.Json.JsonException or NullReferenceException)
            {
                difference = broken.Message;
            }

            if (difference is not null)
            {
                var at = $"record {records[i].Seq} of {records[i].Run} ({e.GetType().Name}, step {state.Step}): {difference}";
                return new(run, i, prompts, decisions, false, default, at);
            }
        }

        return new(run, records.Count, prompts, decisions, state.Phase == RunPhase.Ended, Kernel.Kernel.Hash(state), null);
    }

    private static string? Compare(RunState state, RunEvent e, IBlobStore blobs, PromptProof proof, ref int prompts, ref int decisions)
    {
        if (StateIn(e) is not { } recorded)
        {
            return Missing(e, blobs) ?? RouteProof.Difference(e, blobs);
        }

        decisions++;
        if (!Kernel.Kernel.Asks(state, e))
        {
            var due = string.Join(", ", Kernel.Kernel.Decide(state).Select(c => c.GetType().Name));
            return $"the kernel does not ask for this here; it asks for {(due.Length == 0 ? "nothing" : due)}";
        }

        if (e is not DecisionRequested && Kernel.Kernel.Hash(state) is var now && now != recorded)
        {
            return $"the state is {now.Short}, recorded was {recorded.Short}";
        }

        if (e is not ModelCallStarted call)
        {
            return Missing(e, blobs);
        }

        prompts++;
        var ask = (AskModel)Kernel.Kernel.Decide(state)[0];
        return ask.Plan.Model.Id == call.Model
            ? proof.Check(ask, call.Prompt)
            : $"the prompt is for {ask.Plan.Model.Id}, recorded was {call.Model}";
    }

    /// <summary>The state hash that an intent carries; none for a question, which has no place for one; null for a result.</summary>
    private static BlobHash? StateIn(RunEvent e) => e switch
    {
        ModelCallStarted x => x.State,
        ToolCallStarted x => x.State,
        ToolCallDenied x => x.State,
        JudgeStarted x => x.State,
        MergeStarted x => x.State,
        RunEnded x => x.State,
        DecisionRequested => default(BlobHash),
        _ => null,
    };

    /// <summary>The bodies that an event refers to must be there and whole.</summary>
    private static string? Missing(RunEvent e, IBlobStore blobs)
    {
        foreach (var hash in References.Of(e))
        {
            if (blobs.TryGet(hash) is null)
            {
                return $"the body {hash} is missing";
            }
        }

        return null;
    }
}
