using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>Start, fork, recovery, rollback, checkpoints and end.</summary>
internal static class LifecycleFold
{
    public static RunState Start(RunStarted e)
    {
        var state = new RunState
        {
            Spec = e,
            Policy = PolicyGate.Read(e.Policy),
            SpecHash = BlobHash.Of(JsonSerializer.SerializeToUtf8Bytes(e, CairnJson.Default.RunEvent)),
            Phase = Resting(e),
            Model = e.Model,
            Layer = e.BaseLayer,
            Context = e.Agent.Kind == AgentKind.Model ? ContextState.Empty : null,
        };
        return Mark(state, "start");
    }

    public static RunState Fork(RunState past, RunForked e) => Idle(past) with
    {
        Model = e.Model ?? past.Model,
        Layer = e.Layer ?? past.Layer,
        Context = e.Model is null || past.Context is null ? ArchiveFold.Idle(past.Context) : ArchiveFold.Idle(past.Context)! with { Calibration = 1000, Ceiling = null, Refusals = 0 },
        ForkedFrom = e.Source,
        Stop = StopState.None,
        Spending = new(),
        FailedAttempts = 0,
        RetryAfter = null,
        ErrorsInARow = 0,
        Phase = past.Phase == RunPhase.Ended ? Resting(past.Spec) : past.Phase,
        Outcome = past.Phase == RunPhase.Ended ? null : past.Outcome,
    };

    public static RunState Stop(RunState state, RunStopRequested e) => state with
    {
        Stop = e.Pause ? StopState.Paused : e.Limit ? StopState.OverLimit : StopState.Cancelled,
        Reason = e.Reason,
    };

    /// <summary>Takes up again: what was begun and has no result is due again, by its effect class.</summary>
    public static RunState Recover(RunState state)
    {
        var resumed = Idle(state) with { Stop = StopState.None };
        return resumed.Phase == RunPhase.Ended ? state : resumed;
    }

    public static RunState RollBack(RunState state, RunRolledBack e)
    {
        var to = Find(state, e.To) ?? throw new JournalMeaningException($"rollback to {e.To}, which is no checkpoint of the run");
        var back = Idle(to.State) with
        {
            Spending = state.Spending with { ReservedTokens = 0, ReservedUsd = 0 },
            Layer = e.Layer ?? to.State.Layer,
            Checkpoints = state.Checkpoints,
            Decisions = state.Decisions,
            Merged = state.Merged,
            MergedLayer = state.MergedLayer,
            Context = to.State.Context is null ? null : ArchiveFold.Idle(to.State.Context)! with { Calibration = state.Context!.Calibration, Ceiling = state.Context.Ceiling },
            Outcome = null,
            Reason = e.Reason,
            Stop = e.Continue ? StopState.None : StopState.Paused,
        };

        // A code agent is not in the past: it goes on from the line that asked for the rollback.
        return e.Continue && state.Spec.Agent.Kind == AgentKind.Code
            ? back with { Phase = RunPhase.Agent, Turn = null }
            : ToolFold.Settle(back, cut: false);
    }

    public static RunState End(RunState state, RunEnded e) => state with
    {
        Phase = RunPhase.Ended,
        Outcome = e.Outcome,
        Reason = e.Reason,
        Decision = null,
        Spending = state.Spending with { ReservedTokens = 0, ReservedUsd = 0 },
    };

    /// <summary>Makes a checkpoint of a state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="reason">Why.</param>
    public static RunState Mark(RunState state, string reason)
    {
        var id = CheckpointId.Parse(string.Create(CultureInfo.InvariantCulture, $"c{state.Checkpoints.Count}"));
        var checkpoint = new Checkpoint(id, state.Count + 1, state.Step, state.Layer, reason, state);
        return state with { Checkpoints = state.Checkpoints.Add(checkpoint, KernelJson.Default.Checkpoint) };
    }

    public static Checkpoint? Find(RunState state, CheckpointId id)
    {
        foreach (var checkpoint in state.Checkpoints)
        {
            if (checkpoint.Id == id)
            {
                return checkpoint;
            }
        }

        return null;
    }

    /// <summary>What a run of this kind waits for between turns.</summary>
    public static RunPhase Resting(RunStarted spec) => spec.Agent.Kind == AgentKind.Code ? RunPhase.Agent : RunPhase.Model;

    private static RunState Idle(RunState state)
    {
        var turn = state.Turn is null ? null : state.Turn with { Calls = [.. state.Turn.Calls.Select(Again)] };
        return state with
        {
            Started = false,
            Turn = turn,
            Context = ArchiveFold.Idle(state.Context),
            Decision = state.Decision is null ? null : state.Decision with { Asked = false },
            Spending = state.Spending with { ReservedTokens = 0, ReservedUsd = 0 },
        };
    }

    /// <summary>
    /// A call with an intent and no result. Pure and sandboxed ones run again from the layer before them. A keyed one is
    /// issued again and reconciled by its key. An un-keyed one stays as it is, and the scheduler asks a human.
    /// </summary>
    private static TurnCall Again(TurnCall call) =>
        call.Progress == CallProgress.Running && call.Effect != EffectClass.ExternalUnkeyed
            ? call with { Progress = CallProgress.Queued, Status = ToolStatus.Ok, Result = default, Tokens = 0, Report = null }
            : call.Progress == CallProgress.Running ? call with { Status = ToolStatus.Unknown } : call;
}
