using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Kernel.Cedar;

/// <summary>What reading a policy text brought.</summary>
/// <param name="Policies">The policies; null when anything is wrong with the text.</param>
/// <param name="Problems">What is wrong, first place first.</param>
public sealed record PolicyParse(PolicySet? Policies, ImmutableArray<PolicyProblem> Problems);

/// <summary>
/// Policies in the Cedar language and their evaluator. What is not permitted is denied, a rule that forbids wins over all
/// that permit, and a rule that cannot be evaluated decides nothing and is reported. Judged by the reference
/// implementation (tests/Cairn.Tests.Integration/Policy).
/// </summary>
public sealed class PolicySet
{
    /// <summary>The most characters of a policy text.</summary>
    public const int MaxTextChars = 1024 * 1024;

    /// <summary>The most problems that are named at once.</summary>
    public const int MaxProblems = 20;

    private readonly PolicyIndex _index;

    private PolicySet(BlobHash hash, ImmutableArray<PolicyRule> rules, ImmutableArray<PolicyRule> templates)
    {
        Hash = hash;
        Rules = rules;
        Templates = templates;
        _index = new(rules);
    }

    /// <summary>The hash of the text.</summary>
    public BlobHash Hash { get; }

    /// <summary>The rules, in the order of the text; templates are not among them until they are linked.</summary>
    public ImmutableArray<PolicyRule> Rules { get; }

    /// <summary>Rules with `?principal` or `?resource`.</summary>
    public ImmutableArray<PolicyRule> Templates { get; }

    /// <summary>Reads a policy text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">Its name, for messages.</param>
    public static PolicyParse Parse(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxTextChars)
        {
            return new(null, [new(name, 1, 1, $"a policy text has at most {MaxTextChars} characters")]);
        }

        var problems = new List<PolicyProblem>();
        var rules = PolicyParser.Read(text, problems);
        return problems.Count > 0
            ? new(null, [.. problems.Select(p => p with { Name = name })])
            : new(new(BlobHash.OfText(text), [.. rules.Where(r => !r.IsTemplate)], [.. rules.Where(r => r.IsTemplate)]), []);
    }

    /// <summary>The set with one more rule: a template whose slots are filled.</summary>
    /// <exception cref="ArgumentException">When there is no such template, a slot stays empty, or the id is taken.</exception>
    public PolicySet Link(string template, string id, EntityUid? principal, EntityUid? resource)
    {
        var rule = Templates.FirstOrDefault(t => t.Id == template) ?? throw new ArgumentException($"there is no template {template}", nameof(template));
        return Rules.Any(r => r.Id == id)
            ? throw new ArgumentException($"the id {id} is taken", nameof(id))
            : new(Hash, Rules.Add(rule.Link(id, principal, resource)), Templates);
    }

    /// <summary>Decides a request.</summary>
    public PolicyDecision Decide(PolicyRequest request, Entities entities)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(entities);
        var evaluation = new Evaluation(request, entities);
        var principals = entities.WithAncestors(request.Principal);
        var actions = entities.WithAncestors(request.Action);
        var resources = entities.WithAncestors(request.Resource);
        List<string>? permits = null;
        List<string>? forbids = null;
        List<PolicyError>? errors = null;
        foreach (var number in _index.Candidates(principals, actions, resources))
        {
            var rule = Rules[number];
            if (!rule.Action.Matches(request.Action, actions) || !rule.Principal.Matches(request.Principal, principals)
                || !rule.Resource.Matches(request.Resource, resources))
            {
                continue;
            }

            switch (rule.Holds(evaluation))
            {
                case true when rule.Effect == Effect.Permit:
                    (permits ??= []).Add(rule.Id);
                    break;
                case true:
                    (forbids ??= []).Add(rule.Id);
                    break;
                case null:
                    (errors ??= []).Add(new(rule.Id, evaluation.Error));
                    break;
                default:
                    break;
            }
        }

        return new(forbids is null && permits is not null, [.. forbids ?? permits ?? []], [.. errors ?? []], Hash);
    }
}
