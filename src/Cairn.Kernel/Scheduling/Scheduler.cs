using System.Collections.Immutable;
using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>Which call is due: hard stops first, then the next model call or the next group of tool calls.</summary>
internal static class Scheduler
{
    /// <summary>The most tool calls of one turn that run at once.</summary>
    private const int Parallel = 8;

    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(60);

    public static ImmutableArray<Command> NextModelCall(RunState state)
    {
        if (state.Started)
        {
            return [];
        }

        if (state.Context is { Stale: { } stale })
        {
            return [new RefreshFiles([.. stale])];
        }

        if (Budget.Exhausted(state) is { } exhausted)
        {
            return [new EndRun(RunOutcome.OverBudget, exhausted)];
        }

        if (PolicyGate.ModelDenial(state) is { } denial)
        {
            return [new EndRun(RunOutcome.Failed, denial)];
        }

        var (context, decision) = Compaction.Fit(state);
        var (bound, room) = (Room.Fixed(state.Spec) + context.Tokens, Room.Prompt(state));
        if (bound > room)
        {
            return [new EndRun(RunOutcome.OverBudget, string.Create(CultureInfo.InvariantCulture,
                $"role, rules, tools and task need about {bound} tokens even without what can be left out; the window of {state.Model!.Id} leaves {room}"))];
        }

        var tokens = (int)(bound * state.Context!.Calibration / 1000);

        var (output, reserve, refusal) = Budget.Reserve(state, tokens);
        if (refusal is not null)
        {
            return [new EndRun(RunOutcome.OverBudget, refusal)];
        }

        var step = state.FailedAttempts > 0 ? state.Step : NextStep(state);
        var plan = new PromptPlan(state.Spec, state.Model!, state.History, context.Window, tokens, Budget.Footer(state));
        var ask = new AskModel(step, state.FailedAttempts + 1, plan, output, reserve, Delay(state)) { Context = decision };
        return ArchiveFold.Due(state) is { } archive ? [archive, ask] : [ask];
    }

    /// <summary>
    /// Reading calls that stand next to each other run together; a changing call runs alone, so that every change has
    /// a layer and a checkpoint of its own.
    /// </summary>
    public static ImmutableArray<Command> NextToolCalls(RunState state)
    {
        if (state.Spending.Steps > state.Spec.Limits.Steps)
        {
            return [new EndRun(RunOutcome.OverBudget, string.Create(CultureInfo.InvariantCulture, $"the limit of {state.Spec.Limits.Steps} steps is reached"))];
        }

        var turn = state.Turn!;
        var due = ImmutableArray.CreateBuilder<Command>();
        var active = 0;
        foreach (var call in turn.Calls)
        {
            if (call.Progress == CallProgress.Done)
            {
                continue;
            }

            if (call.Progress == CallProgress.Running)
            {
                if (call.Status == ToolStatus.Unknown)
                {
                    return OpenQuestion(state, call);
                }

                if (call.Effect != EffectClass.Pure || call.Tool == KernelTools.AskHuman)
                {
                    return [];
                }

                active++;
                continue;
            }

            var (verdict, denial) = PolicyGate.Judge(state, call);
            if (denial is not null)
            {
                // Nothing runs: it neither waits for the calls before it nor holds up those behind it.
                due.Add(new DenyTool(turn.Step, call, verdict!, denial));
            }
            else if (call.Effect == EffectClass.Pure && call.Tool != KernelTools.AskHuman)
            {
                if (active + due.Count >= Parallel)
                {
                    break;
                }

                due.Add(new RunTool(turn.Step, call, state.Layer, verdict));
            }
            else
            {
                if (active + due.Count > 0)
                {
                    break;
                }

                return call.Tool == KernelTools.AskHuman ? OpenQuestion(state, call) : [new RunTool(turn.Step, call, state.Layer, verdict)];
            }
        }

        return due.ToImmutable();
    }

    /// <summary>The question that waits, or the one that must be asked now.</summary>
    public static ImmutableArray<Command> OpenQuestion(RunState state, TurnCall? call)
    {
        if (state.Decision is { Asked: true })
        {
            return [];
        }

        var kind = call is null ? DecisionFold.Merge : call.Status == ToolStatus.Unknown ? DecisionFold.UnknownEffect : DecisionFold.Question;
        var id = state.Decision?.Id ?? DecisionId.Parse(string.Create(CultureInfo.InvariantCulture, $"d{state.Decisions + 1}"));
        return [new AskHuman(id, kind, call)];
    }

    /// <summary>A step keeps its number when it is taken up again after a crash before its answer.</summary>
    private static int NextStep(RunState state)
    {
        for (var i = state.History.Count - 1; i >= 0; i--)
        {
            if (state.History[i].Turn is { } turn)
            {
                return turn.Step + 1;
            }
        }

        return 1;
    }

    /// <summary>
    /// Exponential backoff from half a second, at most a minute, never shorter than the provider asked for. The jitter
    /// comes from the state, not from chance, so that a replay decides the same and many runs still spread out.
    /// </summary>
    private static TimeSpan Delay(RunState state)
    {
        if (state.FailedAttempts == 0 || state.Context is { Refusals: > 0 })
        {
            return TimeSpan.Zero;
        }

        Span<byte> noise = stackalloc byte[BlobHash.Size];
        BlobHash.OfText($"{state.SpecHash}/{state.Step}/{state.FailedAttempts}").CopyTo(noise);
        var seconds = 0.5 * Math.Pow(2, Math.Min(10, state.FailedAttempts - 1)) * (0.75 + (noise[0] / 512.0));
        var own = TimeSpan.FromSeconds(Math.Min(LongestDelay.TotalSeconds, seconds));
        return state.RetryAfter is { } asked && asked > own ? asked : own;
    }
}
