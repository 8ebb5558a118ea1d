using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>Questions to humans: each is asked under an id, and exactly one answer wins.</summary>
internal static class DecisionFold
{
    /// <summary>A tool call's own question to a human.</summary>
    public const string Question = "question";

    /// <summary>Whether the changes may be merged.</summary>
    public const string Merge = "merge";

    /// <summary>What became of an effect that left the sandbox before a crash.</summary>
    public const string UnknownEffect = "unknown-effect";

    public static RunState Requested(RunState state, DecisionRequested e)
    {
        var next = state with
        {
            Decision = new(e.Decision, e.Kind, e.Call, Asked: true),
            Decisions = state.Decision is null ? state.Decisions + 1 : state.Decisions,
        };
        return e.Call is { } call && e.Kind == Question
            ? next with { Turn = next.Turn?.With(call, c => c with { Progress = CallProgress.Running }) }
            : next;
    }

    public static RunState Made(RunState state, DecisionMade e)
    {
        if (state.Decision is not { } open || open.Id != e.Decision)
        {
            throw new JournalMeaningException($"an answer to {e.Decision}, which is not asked");
        }

        var next = state with { Decision = null };
        if (open.Kind == Merge)
        {
            next = e.Approved
                ? next with { Phase = RunPhase.Merge, Started = false }
                : next with { Phase = RunPhase.Closing, Merged = MergeStatus.Declined, Reason = "the changes stay in the run's fork" };
            return LifecycleFold.Mark(next, "human decision");
        }

        var call = open.Call ?? throw new JournalMeaningException($"{e.Decision} belongs to no call");
        if (state.Turn is null)
        {
            throw new JournalMeaningException($"an answer to {e.Decision} outside a turn");
        }

        // For an unknown effect "yes" means that it may be issued again, "no" that the answer is its result.
        next = next with
        {
            Turn = state.Turn.With(call, c => open.Kind == UnknownEffect && e.Approved
                ? c with { Progress = CallProgress.Queued, Status = ToolStatus.Ok }
                : c with { Progress = CallProgress.Done, Status = ToolStatus.Ok, Result = e.Answer, Tokens = e.Tokens }),
        };
        if (next.Turn.Calls.First(c => c.Id == call) is { Progress: CallProgress.Done } answered)
        {
            next = ContextFold.Finished(next, answered);
        }

        return ToolFold.Settle(LifecycleFold.Mark(next, "human decision"), cut: false);
    }
}
