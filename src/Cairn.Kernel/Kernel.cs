using System.Collections.Immutable;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// The kernel: two pure functions. <see cref="Apply"/> folds an event into the state; <see cref="Decide"/> says what is
/// due in a state. No clock, no randomness, no I/O: the same journal gives the same states, prompts and decisions on
/// every machine, which is what recovery, replay, fork and simulation stand on.
/// </summary>
public static class Kernel
{
    /// <summary>The version of these rules; journals name the version that they were written under.</summary>
    public const int Version = 1;

    /// <summary>The state after one more event.</summary>
    /// <exception cref="JournalMeaningException">When the event cannot follow on the state.</exception>
    public static RunState Apply(RunState state, RunEvent e)
    {
        ArgumentNullException.ThrowIfNull(state);
        if ((state.Phase == RunPhase.New) != (e is RunStarted))
        {
            throw new JournalMeaningException(state.Phase == RunPhase.New
                ? "the first record does not start a run"
                : "the run starts a second time");
        }

        if (state.Phase == RunPhase.Ended && e is not (RunRolledBack or RunForked or MergeStarted or MergeFinished or ConflictsResolved or RunRecovered))
        {
            throw new JournalMeaningException($"{e.GetType().Name} follows the end of the run");
        }

        var next = e switch
        {
            RunStarted x => LifecycleFold.Start(x),
            RunForked x => LifecycleFold.Fork(state, x),
            RunRecovered => LifecycleFold.Recover(state),
            RunRolledBack x => LifecycleFold.RollBack(state, x),
            RunStopRequested x => LifecycleFold.Stop(state, x),
            RunEnded x => LifecycleFold.End(state, x),
            ModelCallStarted x => ModelFold.Started(state, x),
            ModelCallFinished x => ModelFold.Finished(state, x),
            ModelCallFailed x => ModelFold.Failed(state, x),
            ModelCallCutOff x => ModelFold.CutOff(state, x),
            BudgetRefused x => ModelFold.Refused(state, x),
            AgentCalled x => ToolFold.AgentCalled(state, x),
            AgentFinished x => ToolFold.AgentFinished(state, x),
            ToolCallStarted x => ToolFold.Started(state, x),
            ToolCallDenied x => ToolFold.Denied(state, x),
            ToolCallFinished x => ToolFold.Finished(state, x),
            FilesNoticed x => ContextFold.Noticed(state, x),
            FilesChanged x => ContextFold.Changed(state, x),
            ArchiveAsked x => ArchiveFold.Asked(state, x),
            ArchiveAnswered x => ArchiveFold.Answered(state, x),
            CheckpointTaken x => LifecycleFold.Mark(state, x.Reason),
            DecisionRequested x => DecisionFold.Requested(state, x),
            DecisionMade x => DecisionFold.Made(state, x),
            JudgeStarted => state with { Started = true },
            JudgeFinished x => JudgeFold.Finished(state, x),
            MergeStarted => state.Phase == RunPhase.Ended ? state : state with { Started = true },
            MergeFinished x => JudgeFold.Merged(state, x),
            ConflictsResolved => state,
            _ => throw new JournalMeaningException($"unknown event {e.GetType().Name}"),
        };
        return next with { Count = state.Count + 1 };
    }

    /// <summary>
    /// What is due and not yet begun. Once the intents of these commands are applied, the answer is empty until a
    /// result comes; after a crash the same state gives the same answer, so no command is ever lost.
    /// </summary>
    public static ImmutableArray<Command> Decide(RunState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Phase is RunPhase.New or RunPhase.Ended || state.Stop == StopState.Paused)
        {
            return [];
        }

        if (state.Stop != StopState.None)
        {
            return [new EndRun(state.Stop == StopState.Cancelled ? RunOutcome.Cancelled : RunOutcome.OverBudget, state.Reason)];
        }

        return state.Phase switch
        {
            RunPhase.Model => Scheduler.NextModelCall(state),
            RunPhase.Tools => Scheduler.NextToolCalls(state),
            RunPhase.Judge when !state.Started => [new RunJudge(state.JudgeRound + 1, state.Layer)],
            RunPhase.MergeQuestion => Scheduler.OpenQuestion(state, null),
            RunPhase.Merge when !state.Started => [new MergeChanges(state.Layer)],
            RunPhase.Closing => [new EndRun(state.Outcome ?? RunOutcome.Failed, state.Reason)],
            _ => [],
        };
    }

    /// <summary>Folds a whole journal.</summary>
    public static RunState Fold(IEnumerable<RunEvent> events) => events.Aggregate(RunState.New, Apply);

    /// <summary>The hash that stands for a whole state in intents.</summary>
    public static BlobHash Hash(RunState state) =>
        BlobHash.Of(JsonSerializer.SerializeToUtf8Bytes(state, KernelJson.Default.RunState));

    /// <summary>True when an intent is one of the things that the state asks for.</summary>
    public static bool Asks(RunState state, RunEvent intent)
    {
        var due = Decide(state);
        return intent switch
        {
            ModelCallStarted x => due.Any(c => c is AskModel a && a.Step == x.Step && a.Attempt == x.Attempt
                && a.Reserve == new Reservation(x.ReservedTokens, x.ReservedUsd) && a.Context == x.Context),
            ToolCallStarted x => due.Any(c => c is RunTool t && t.Call.Id == x.Call && t.Step == x.Step && t.Call.Tool == x.Tool
                && t.Call.Arguments == x.Arguments && t.Layer == x.Layer && t.Call.Effect == x.Effect && Equals(t.Policy, x.Policy)),
            ToolCallDenied x => due.Any(c => c is DenyTool t && t.Call.Id == x.Call && t.Step == x.Step && t.Call.Tool == x.Tool
                && t.Policy == x.Policy && BlobHash.OfText(t.Text) == x.Result),
            DecisionRequested x => due.Any(c => c is AskHuman h && h.Decision == x.Decision && h.Kind == x.Kind && h.Call?.Id == x.Call),
            ArchiveAsked x => due.Any(c => c is AskArchive a && a.Query == x.Query),
            JudgeStarted x => due.Any(c => c is RunJudge j && j.Round == x.Round && j.Layer == x.Layer),
            MergeStarted => state.Phase == RunPhase.Ended || due.Any(c => c is MergeChanges),
            RunEnded x => due.Any(c => c is EndRun e && e.Outcome == x.Outcome && e.Reason == x.Reason),
            _ => true,
        };
    }
}
