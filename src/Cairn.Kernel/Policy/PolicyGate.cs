using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Kernel.Cedar;

namespace Cairn.Kernel;

/// <summary>
/// Asks a run's policy. A call is permitted when everything that it needs is; a run without a policy may do whatever its
/// sandbox lets it do.
/// </summary>
public static class PolicyGate
{
    private const int MaxShown = 200;

    /// <summary>The entities that every decision knows: the actions and their groups.</summary>
    private static readonly ImmutableArray<Entity> ActionEntities =
        [.. Capabilities.Actions.Select(a => Entity.Of(Action(a), Action(a[..a.IndexOf('.', StringComparison.Ordinal)])))];

    /// <summary>Reads the rules that a run's first record holds.</summary>
    /// <exception cref="JournalMeaningException">When they are not what the record says, or no rules.</exception>
    internal static PolicySet? Read(PolicyBinding? binding)
    {
        if (binding is null)
        {
            return null;
        }

        if (BlobHash.OfText(binding.Text) != binding.Hash)
        {
            throw new JournalMeaningException($"the policy {binding.Name} is not the text whose hash is recorded");
        }

        var parsed = PolicySet.Parse(binding.Text, binding.Name);
        return parsed.Policies ?? throw new JournalMeaningException($"the policy cannot be read: {parsed.Problems[0]}");
    }

    /// <summary>A request and the entities that it speaks of, as a policy sees them.</summary>
    /// <param name="principal">Who asks.</param>
    /// <param name="role">The role in which it acts; null for none.</param>
    /// <param name="need">What it asks for.</param>
    public static (PolicyRequest Request, Entities Entities) Ask(EntityUid principal, string? role, AccessRequest need)
    {
        ArgumentNullException.ThrowIfNull(need);
        var resource = new EntityUid(need.Kind, need.Name);
        ImmutableArray<EntityUid> roles = role is null ? [] : [new("Role", role)];
        return (
            new(principal, Action(need.Action), resource, Context(need)),
            new([.. ActionEntities, Entity.Of(principal, roles), new(resource, Attributes(need), [], RecordValue.Empty)]));
    }

    /// <summary>What the policy says to a call, and what the agent is told when it says no.</summary>
    internal static (PolicyVerdict? Verdict, string? Denial) Judge(RunState state, TurnCall call)
    {
        // An agent must always be able to say that it is done or cannot go on, and to ask a human.
        if (state.Policy is not { } policy || call.Tool is KernelTools.Complete or KernelTools.AskHuman)
        {
            return default;
        }

        if (call.Needs is not { IsDefaultOrEmpty: false } needs)
        {
            return (new(policy.Hash, false, [], []), $"Denied: what {call.Tool} needs is not on record, so the policy cannot be asked.");
        }

        return Judge(policy, state.Spec, needs);
    }

    /// <summary>What the policy says to the model that is due; null when it may be asked.</summary>
    internal static string? ModelDenial(RunState state) =>
        state.Policy is { } policy ? Judge(policy, state.Spec, [new("model.call", "Model", state.Model!.Id)]).Denial : null;

    /// <summary>What the policy says to something that a call asks for while it runs: a host, a secret; null permits it.</summary>
    public static string? Denial(RunState state, AccessRequest need)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Policy is { } policy ? Judge(policy, state.Spec, [need]).Denial : null;
    }

    /// <summary>Likewise for a run that has not begun: its servers are asked what they offer.</summary>
    public static Func<AccessRequest, string?> DenialBefore(PolicyBinding? binding, string agent) =>
        Read(binding) is { } policy ? need => Judge(policy, agent, binding!, [need]).Denial : _ => null;

    /// <summary>A rule of the run's policy forbids something outright: more than that none permits it.</summary>
    public static bool Forbids(RunState state, AccessRequest need)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Policy is { } policy && Judge(policy, state.Spec, [need]).Verdict is { Allowed: false, Rules.IsEmpty: false };
    }

    private static (PolicyVerdict Verdict, string? Denial) Judge(PolicySet policy, RunStarted spec, ImmutableArray<AccessRequest> needs) =>
        Judge(policy, spec.Agent.Name, spec.Policy!, needs);

    private static (PolicyVerdict Verdict, string? Denial) Judge(PolicySet policy, string agent, PolicyBinding binding, ImmutableArray<AccessRequest> needs)
    {
        var principal = new EntityUid("Agent", agent);
        var rules = ImmutableArray.CreateBuilder<string>();
        var errors = ImmutableArray.CreateBuilder<string>();
        foreach (var need in needs)
        {
            var (request, entities) = Ask(principal, binding.Role, need);
            var decision = policy.Decide(request, entities);
            errors.AddRange(decision.Errors.Select(e => e.Rule));
            if (!decision.IsAllowed)
            {
                return (new(policy.Hash, false, decision.DecidingRules, [.. errors.Distinct()]), Explain(policy, binding.Name, need, decision));
            }

            rules.AddRange(decision.DecidingRules);
        }

        return (new(policy.Hash, true, [.. rules.Distinct()], [.. errors.Distinct()]), null);
    }

    private static string Explain(PolicySet policy, string name, AccessRequest need, PolicyDecision decision)
    {
        var what = $"{need.Action} on {need.Kind} '{Shown(need.Name)}'{(need.Detail is null ? "" : $" (in: {Shown(need.Detail)})")}";
        var why = decision.DecidingRules.IsEmpty
            ? "no rule permits it"
            : string.Join("; ", decision.DecidingRules.Select(id => $"rule '{id}' forbids it{Reason(policy, id)}"));
        var broken = decision.Errors.IsEmpty ? "" : $" ({decision.Errors.Length} rules could not be evaluated: {string.Join(", ", decision.Errors.Select(e => e.Rule))})";
        return $"Denied by policy {Shown(name)}: {what}: {why}{broken}. Nothing was done. Do it in a way that the policy permits, or call `complete` and say what you may not do.";
    }

    /// <summary>The author's own words: `@reason("…")`.</summary>
    private static string Reason(PolicySet policy, string id) =>
        policy.Rules.FirstOrDefault(r => r.Id == id)?.Annotation("reason") is { Length: > 0 } reason ? $": {reason}" : "";

    private static RecordValue Context(AccessRequest need) => need.Kind == "Host" ? CedarValue.Record(
        new("recursive", CedarValue.Of(need.Recursive)), new("line", CedarValue.Of(need.Detail ?? "")),
        new("port", CedarValue.Of((long)(need.Port ?? 0))), new("method", CedarValue.Of(need.Method ?? ""))) : CedarValue.Record(
        new("recursive", CedarValue.Of(need.Recursive)), new("line", CedarValue.Of(need.Detail ?? "")));

    private static RecordValue Attributes(AccessRequest need)
    {
        if (need.Kind != "File")
        {
            return CedarValue.Record(new KeyValuePair<string, CedarValue>("name", CedarValue.Of(need.Name)));
        }

        var name = need.Name[(need.Name.LastIndexOf('/') + 1)..];
        var dot = name.LastIndexOf('.');
        return CedarValue.Record(
            new("path", CedarValue.Of(need.Name)), new("name", CedarValue.Of(name)), new("extension", CedarValue.Of(dot < 0 ? "" : name[(dot + 1)..])));
    }

    private static EntityUid Action(string name) => new("Action", name);

    private static string Shown(string text) => text.Length <= MaxShown ? text : text[..MaxShown] + "…";
}
