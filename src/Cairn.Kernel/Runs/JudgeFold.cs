using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>Verdicts and merges.</summary>
internal static class JudgeFold
{
    public static RunState Finished(RunState state, JudgeFinished e)
    {
        if (state.Phase != RunPhase.Judge)
        {
            throw new JournalMeaningException($"a verdict comes in phase {state.Phase}");
        }

        var next = state with { Started = false, JudgeRound = e.Round, JudgePassed = e.Passed };
        if (e.Passed)
        {
            return LifecycleFold.Mark(next with { Phase = AfterVerdict(next) }, "the judge accepted");
        }

        if (e.Round >= state.Spec.Limits.JudgeRounds || state.Spec.Agent.Kind == AgentKind.Code)
        {
            return next with
            {
                Phase = RunPhase.Closing,
                Outcome = RunOutcome.Rejected,
                Reason = string.Create(CultureInfo.InvariantCulture, $"the judge did not accept the work in {e.Round} rounds"),
            };
        }

        next = next with
        {
            Phase = LifecycleFold.Resting(state.Spec),
            Outcome = null,
        };
        next = ContextFold.Add(next, new(null, new TextSource("judge", e.Report, e.Tokens)));
        return LifecycleFold.Mark(next, "the judge sent the agent back");
    }

    /// <summary>What follows once nobody objects to the work.</summary>
    public static RunPhase AfterVerdict(RunState state) => state.Layer == state.Spec.BaseLayer
        ? RunPhase.Closing
        : state.Spec.Merge switch
        {
            MergeMode.Auto => RunPhase.Merge,
            MergeMode.Ask => RunPhase.MergeQuestion,
            _ => RunPhase.Closing,
        };

    public static RunState Merged(RunState state, MergeFinished e)
    {
        var next = state with
        {
            Merged = e.Status,
            MergedLayer = e.Status is MergeStatus.Merged or MergeStatus.Nothing ? state.Layer : state.MergedLayer,
        };
        return state.Phase == RunPhase.Ended
            ? next
            : next with { Started = false, Phase = RunPhase.Closing, Reason = e.Message };
    }
}
