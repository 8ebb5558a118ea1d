using System.Collections.Immutable;
using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>Model calls: reserve, answer, failure.</summary>
internal static class ModelFold
{
    /// <summary>An answer that used more tokens than this gets a checkpoint of its own.</summary>
    private const long CheckpointTokens = 50_000;

    /// <summary>How often a prompt is made shorter and asked again; the last one has a tenth of the first one's tokens.</summary>
    private const int MaxRefusals = 8;

    public static RunState Started(RunState state, ModelCallStarted e)
    {
        if (state.Phase != RunPhase.Model || state.Started)
        {
            throw new JournalMeaningException($"a model call starts in phase {state.Phase}");
        }

        return state with
        {
            Started = true,
            Step = e.Step,
            Context = Asked(state),
            Spending = state.Spending with { ReservedTokens = e.ReservedTokens, ReservedUsd = e.ReservedUsd },
        };
    }

    private static ContextState Asked(RunState state)
    {
        var (context, decision) = Compaction.Fit(state);
        context = decision is null ? context : context with { Moves = context.Moves + 1, Last = decision };
        return ContextFold.Asked(context, Room.Fixed(state.Spec) + context.Tokens);
    }

    public static RunState Finished(RunState state, ModelCallFinished e)
    {
        if (state.Phase != RunPhase.Model || !state.Started || e.Step != state.Step)
        {
            throw new JournalMeaningException($"an answer to step {e.Step} comes in phase {state.Phase} of step {state.Step}");
        }

        var spent = state.Spending;
        var next = state with
        {
            Started = false,
            FailedAttempts = 0,
            RetryAfter = null,
            Spending = spent with
            {
                Usage = spent.Usage + e.Usage,
                Usd = spent.Usd + e.CostUsd,
                ReservedTokens = 0,
                ReservedUsd = 0,
                Steps = spent.Steps + 1,
            },
            Turn = new Turn(e.Step, e.Response, e.Tokens, [.. e.Calls.Select((call, i) => ToCall(state, e.Step, call, i))]),
            Context = ContextFold.Answered(state.Context!, e.Usage, state.Model!),
            SilentTurns = e.Calls.Length == 0 ? state.SilentTurns + 1 : 0,
            Phase = RunPhase.Tools,
        };
        next = next with { ErrorsInARow = next.ErrorsInARow + next.Turn!.Calls.Count(c => c.Status == ToolStatus.Invalid) };
        if (e.Finish == FinishReason.Refused)
        {
            return next with { Phase = RunPhase.Closing, Outcome = RunOutcome.Failed, Reason = "the model refused to answer" };
        }

        next = e.Usage.Total > CheckpointTokens
            ? LifecycleFold.Mark(next, string.Create(CultureInfo.InvariantCulture, $"model call of {e.Usage.Total} tokens"))
            : next;
        return ToolFold.Settle(next, cut: e.Finish == FinishReason.Length);
    }

    public static RunState Failed(RunState state, ModelCallFailed e)
    {
        var next = state with
        {
            Started = false,
            FailedAttempts = e.Attempt,
            RetryAfter = e.RetryAfter,
            Spending = state.Spending with { ReservedTokens = 0, ReservedUsd = 0 },
        };
        if (e.Kind == ModelErrorKind.TooLong && state.Context is { Refusals: < MaxRefusals } context)
        {
            // The agent never learns of it: the same step is asked again with less.
            return next with { Context = ContextFold.Refused(context) };
        }

        var retry = new ModelFailure(e.Kind, e.Message).Retryable && e.Attempt < state.Spec.Limits.Attempts;
        return retry
            ? next
            : next with { Phase = RunPhase.Closing, Outcome = RunOutcome.Failed, Reason = e.Message };
    }

    /// <summary>Cut off because the run was stopped: nothing is set aside any more, and the same call is due when it goes on.</summary>
    public static RunState CutOff(RunState state, ModelCallCutOff e) =>
        state.Phase != RunPhase.Model || !state.Started || e.Step != state.Step
            ? throw new JournalMeaningException($"an answer to step {e.Step} is cut off in phase {state.Phase} of step {state.Step}")
            : state with { Started = false, Spending = state.Spending with { ReservedTokens = 0, ReservedUsd = 0 } };

    public static RunState Refused(RunState state, BudgetRefused e)
    {
        if (state.Phase != RunPhase.Model || state.Started)
        {
            throw new JournalMeaningException($"a budget is refused in phase {state.Phase}");
        }

        return state with { Phase = RunPhase.Closing, Outcome = RunOutcome.OverBudget, Reason = e.Reason };
    }

    private static TurnCall ToCall(RunState state, int step, RequestedCall call, int index)
    {
        var binding = state.Spec.Agent.Tools.FirstOrDefault(t => t.Name == call.Tool);
        var id = CallId.Parse(string.Create(CultureInfo.InvariantCulture, $"{step}.{index + 1}.{state.Count}"));
        var made = new TurnCall(id, call.ModelCallId, call.Tool, call.Arguments, binding?.Effect ?? EffectClass.Pure) { Needs = call.Needs };
        return call.Problem.IsNone
            ? made
            : made with
            {
                Progress = CallProgress.Done,
                Status = ToolStatus.Invalid,
                Result = call.Problem,
                Tokens = call.ProblemTokens,
            };
    }
}
