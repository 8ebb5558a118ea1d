using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>Makes what people see of a run's context. Needs the journal only: sizes and places stand in it, bodies do not matter.</summary>
internal static class ContextViewer
{
    public static ContextView Of(RunId run, IReadOnlyList<RunEvent> events, long position)
    {
        var state = RunState.New;
        var prompts = ImmutableArray.CreateBuilder<PromptReuse>();
        PromptPlan? before = null;
        var cause = "";
        foreach (var e in events.Take((int)position))
        {
            if (e is ModelCallStarted call && Kernel.Kernel.Decide(state).OfType<AskModel>().FirstOrDefault() is { } ask)
            {
                prompts.Add(Reuse(before, ask, call, cause));
                (before, cause) = (ask.Plan, "");
            }

            cause = e switch
            {
                RunRolledBack x => $"the run went back to {x.To}",
                RunForked { Model: not null } => "the run was forked to another model",
                ModelCallFailed { Kind: ModelErrorKind.TooLong } => "the provider refused the prompt as too long",
                _ => cause,
            };
            state = Kernel.Kernel.Apply(state, e);
        }

        if (state.Context is not { } context || state.Model is not { } model)
        {
            throw new UserException($"Run {run} is one of a code agent: it has no prompts, and so no context.");
        }

        var policy = ContextPolicy.Of(state.Spec.ContextPolicy);
        return new(
            run, position, model.Id, policy.Id, policy.Hash(), Room.Prompt(state), Room.Fixed(state.Spec) + context.Tokens, context.Calibration,
            [.. ContextItems.Of(state).Select(i => new ContextItemView(
                i.Address(run), i.Tier.ToString(), i.Version, i.Provenance, i.Tokens, i.InPrompt, i.Form, i.Pinned, i.LastUse, i.Worth, i.Untrusted, i.Why))],
            prompts.ToImmutable())
        {
            Archive = context.Archive is { } archive ? new(archive.Promoted, archive.Dropped, archive.Without, archive.Waiting) : null,
        };
    }

    /// <summary>What two prompts that follow each other have in common at their beginning.</summary>
    internal static PromptReuse Reuse(PromptPlan? before, AskModel ask, ModelCallStarted call, string cause)
    {
        var plan = ask.Plan;
        if (before is null || before.Model.Id != plan.Model.Id)
        {
            return new(call.Step, call.Attempt, plan.Tokens, 0, 0, before is null ? null : "another model is asked", false);
        }

        var (bound, shared) = PrefixReuse.Between(before, plan);
        var why = shared >= bound ? null
            : call.Context is { } move ? $"room was made by {move.Policy}: {move.Before} to {move.After} tokens{(cause.Length == 0 ? "" : $" ({cause})")}"
            : cause.Length > 0 ? cause
            : "a settled part of the prompt changed";
        return new(call.Step, call.Attempt, plan.Tokens, bound, shared, why, why is not null && call.Context is null && cause.Length == 0);
    }
}
