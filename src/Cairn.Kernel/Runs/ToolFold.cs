using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>Tool calls: those of a model's turn and the syscalls of a code agent.</summary>
internal static class ToolFold
{
    public static RunState AgentCalled(RunState state, AgentCalled e)
    {
        if (state.Phase != RunPhase.Agent)
        {
            throw new JournalMeaningException($"a code agent calls {e.Tool} in phase {state.Phase}");
        }

        var step = state.Step + 1;
        var binding = state.Spec.Agent.Tools.FirstOrDefault(t => t.Name == e.Tool);
        var id = CallId.Parse(string.Create(CultureInfo.InvariantCulture, $"{step}.1.{state.Count}"));
        var call = new TurnCall(id, "", e.Tool, e.Arguments, binding?.Effect ?? EffectClass.Pure) { Needs = e.Needs };
        if (!e.Problem.IsNone)
        {
            call = call with { Progress = CallProgress.Done, Status = ToolStatus.Invalid, Result = e.Problem };
        }

        var next = state with
        {
            Step = step,
            Phase = RunPhase.Tools,
            Turn = new Turn(step, default, 0, [call]),
            Spending = state.Spending with { Steps = state.Spending.Steps + 1 },
        };
        return Settle(next, cut: false);
    }

    public static RunState AgentFinished(RunState state, AgentFinished e) => state with
    {
        Phase = e.Success ? AfterCompletion(state) : RunPhase.Closing,
        Outcome = e.Success ? RunOutcome.Succeeded : RunOutcome.GaveUp,
        Reason = e.Summary,
        Started = false,
    };

    public static RunState Started(RunState state, ToolCallStarted e) => state with
    {
        Turn = Turn(state).With(e.Call, call => call.Progress == CallProgress.Queued
            ? call with { Progress = CallProgress.Running }
            : throw new JournalMeaningException($"call {e.Call} starts twice")),
    };

    /// <summary>The agent sees the rule as the call's result, and it counts as an error: who insists runs into that limit.</summary>
    public static RunState Denied(RunState state, ToolCallDenied e)
    {
        var turn = Turn(state).With(e.Call, call => call.Progress == CallProgress.Queued
            ? call with { Progress = CallProgress.Done, Status = ToolStatus.Denied, Result = e.Result, Tokens = e.Tokens }
            : throw new JournalMeaningException($"call {e.Call} is denied after it began"));
        var next = state with { Turn = turn, ErrorsInARow = state.ErrorsInARow + 1 };
        return Settle(LifecycleFold.Mark(next, $"{e.Tool}: {ToolStatus.Denied}"), cut: false);
    }

    public static RunState Finished(RunState state, ToolCallFinished e)
    {
        if (e.Status == ToolStatus.Cancelled)
        {
            return CutOff(state, e);
        }

        var turn = Turn(state).With(e.Call, call => call.Progress == CallProgress.Running
            ? call with
            {
                Progress = CallProgress.Done,
                Status = e.Status,
                Result = e.Result,
                Data = e.Data,
                Tokens = e.Tokens,
                Signal = e.Signal,
                Report = e.Context,
            }
            : throw new JournalMeaningException($"a result of call {e.Call}, which is not running"));
        var failed = e.Status != ToolStatus.Ok;
        var next = state with
        {
            Turn = turn,
            Layer = e.Layer ?? state.Layer,
            Shells = e.Shells is null ? state.Shells : e.Shells.Open.IsDefaultOrEmpty ? null : e.Shells,
            ErrorsInARow = failed ? state.ErrorsInARow + 1 : 0,
            Spending = Plus(state.Spending, e.Spent),
        };
        var done = turn.Calls.First(c => c.Id == e.Call);
        next = ContextFold.Finished(next, done);
        var tool = done.Tool;
        if (e.Layer is not null)
        {
            next = LifecycleFold.Mark(next, string.Create(CultureInfo.InvariantCulture, $"{tool} changed {e.FilesChanged} paths"));
        }
        else if (failed)
        {
            next = LifecycleFold.Mark(next, $"{tool}: {e.Status}");
        }
        else if (e.Shells is not null)
        {
            next = LifecycleFold.Mark(next, $"{tool}: shells");
        }

        next = Settle(next, cut: false);
        return e.Spent?.Refusal is { } refusal ? next with { Phase = RunPhase.Closing, Outcome = RunOutcome.OverBudget, Reason = refusal } : next;
    }

    /// <summary>
    /// Cut off because the run was stopped: what it printed is kept, and the call stays without a result. So a paused run
    /// runs it again from its layer, and one that may have left the sandbox is put to a human.
    /// </summary>
    private static RunState CutOff(RunState state, ToolCallFinished e) => state with
    {
        Turn = Turn(state).With(e.Call, call => call.Progress == CallProgress.Running
            ? call with { Status = ToolStatus.Cancelled, Result = e.Result, Tokens = e.Tokens }
            : throw new JournalMeaningException($"a result of call {e.Call}, which is not running")),
        Spending = Plus(state.Spending, e.Spent),
    };

    private static Spending Plus(Spending so, CallSpending? more) => more is null ? so : so with { Usage = so.Usage + more.Usage, Usd = so.Usd + more.Usd };

    /// <summary>Closes the turn when every call has a result, and says what the run waits for next.</summary>
    /// <param name="state">The state.</param>
    /// <param name="cut">The model's answer hit the limit of output tokens.</param>
    public static RunState Settle(RunState state, bool cut)
    {
        if (state.Turn is not { IsDone: true } turn)
        {
            return state;
        }

        var next = ContextFold.Add(state, new(turn, null)) with
        {
            Turn = null,
            Phase = LifecycleFold.Resting(state.Spec),
            Started = false,
        };
        foreach (var call in turn.Calls)
        {
            if (call.Signal == ToolSignal.GiveUp)
            {
                return next with { Phase = RunPhase.Closing, Outcome = RunOutcome.GaveUp, Reason = "the agent says that it cannot do the task" };
            }

            if (call.Signal == ToolSignal.Complete)
            {
                return Complete(next);
            }
        }

        if (turn.Calls.Length > 0 || state.Spec.Agent.Kind == AgentKind.Code)
        {
            return next;
        }

        // A model that only talks is reminded once; the second time its word counts as 'done'.
        return next.SilentTurns > 1 && !cut
            ? Complete(next)
            : ContextFold.Add(next, new(null, cut ? Notes.Cut : Notes.NoToolCalled));
    }

    /// <summary>What follows when the agent says that it is done.</summary>
    public static RunPhase AfterCompletion(RunState state) =>
        state.Spec.Judge is not null ? RunPhase.Judge : JudgeFold.AfterVerdict(state);

    private static RunState Complete(RunState state) => state with
    {
        Phase = AfterCompletion(state),
        Outcome = RunOutcome.Succeeded,
        Reason = "",
        SilentTurns = 0,
    };

    private static Turn Turn(RunState state) =>
        state.Turn ?? throw new JournalMeaningException($"a tool call outside a turn, in phase {state.Phase}");
}
