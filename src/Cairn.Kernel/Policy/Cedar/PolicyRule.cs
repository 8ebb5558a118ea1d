using System.Collections.Immutable;

namespace Cairn.Kernel.Cedar;

/// <summary>What a rule says when it matches.</summary>
public enum Effect
{
    /// <summary>The request is permitted, unless a rule forbids it.</summary>
    Permit,

    /// <summary>The request is forbidden, whatever permits it.</summary>
    Forbid,
}

/// <summary>A rule of a policy set.</summary>
public sealed class PolicyRule
{
    internal PolicyRule(string id, int line, Effect effect, ImmutableArray<KeyValuePair<string, string>> annotations)
    {
        Id = id;
        Line = line;
        Effect = effect;
        Annotations = annotations;
    }

    /// <summary>Its `@id`; without one `policyN`, N counted from 0.</summary>
    public string Id { get; }

    /// <summary>The line on which it begins.</summary>
    public int Line { get; }

    /// <summary>What it says.</summary>
    public Effect Effect { get; }

    /// <summary>Its annotations, `@id` among them.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Annotations { get; }

    /// <summary>It has slots and says nothing until it is linked.</summary>
    public bool IsTemplate => Principal.Slot || Resource.Slot;

    internal Scope Principal { get; init; } = Scope.Any;

    internal ActionScope Action { get; init; } = ActionScope.Any;

    internal Scope Resource { get; init; } = Scope.Any;

    /// <summary>All of these must be true; those of `unless` are negated already.</summary>
    internal ImmutableArray<Expr> Conditions { get; init; } = [];

    /// <summary>An annotation's text; null when there is none of the name.</summary>
    public string? Annotation(string name)
    {
        foreach (var (key, value) in Annotations)
        {
            if (key == name)
            {
                return value;
            }
        }

        return null;
    }

    internal PolicyRule Link(string id, EntityUid? principal, EntityUid? resource) => new(id, Line, Effect, Annotations)
    {
        Principal = Principal.Fill(principal),
        Action = Action,
        Resource = Resource.Fill(resource),
        Conditions = Conditions,
    };

    /// <summary>Whether the conditions hold; null when one cannot be evaluated.</summary>
    internal bool? Holds(Evaluation e)
    {
        foreach (var condition in Conditions)
        {
            var value = e.Bool(condition);
            if (value is not true)
            {
                return value;
            }
        }

        return true;
    }
}
