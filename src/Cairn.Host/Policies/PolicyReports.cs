using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Kernel.Cedar;

namespace Cairn.Host;

/// <summary>What reading a policy found.</summary>
/// <param name="Policy">Its name.</param>
/// <param name="Valid">Nothing is wrong with it.</param>
/// <param name="Hash">The hash of its text; null when it is wrong.</param>
/// <param name="Rules">Its rules, in the order of the text.</param>
/// <param name="Problems">What is wrong: name:line:column: what was expected.</param>
public sealed record PolicyCheckReport(string Policy, bool Valid, BlobHash? Hash, IReadOnlyList<PolicyRuleView> Rules, IReadOnlyList<string> Problems);

/// <summary>A rule in a list.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Line">Where it begins.</param>
/// <param name="Effect">permit or forbid.</param>
/// <param name="Reason">Its `@reason`; null for none.</param>
public sealed record PolicyRuleView(string Id, int Line, string Effect, string? Reason);

/// <summary>What the tests of one file found.</summary>
/// <param name="File">The file.</param>
/// <param name="Passed">Tests that passed.</param>
/// <param name="Failed">Those that did not.</param>
public sealed record PolicyTestReport(string File, int Passed, IReadOnlyList<PolicyTestResult> Failed);

/// <summary>What a policy says to one permission, and why.</summary>
/// <param name="Action">The action.</param>
/// <param name="Resource">The resource.</param>
/// <param name="Allowed">It is permitted.</param>
/// <param name="Rules">The rules that decided; none when no rule permits it.</param>
/// <param name="LeftOut">Rules that could not be evaluated, and why.</param>
/// <param name="Policy">The hash of the policy's text.</param>
public sealed record PolicyExplanation(
    string Action, string Resource, bool Allowed, IReadOnlyList<PolicyRuleView> Rules, IReadOnlyList<string> LeftOut, BlobHash Policy);

/// <summary>What `cairn policy` tells: checks, tests and explanations.</summary>
public static class PolicyReports
{
    /// <summary>Reads a policy.</summary>
    /// <param name="name">A shipped role or the path of a file.</param>
    public static PolicyCheckReport Check(string name)
    {
        var parsed = PolicySet.Parse(PolicyFiles.Roles.Contains(name) ? PolicyFiles.Shipped($"{name}.cedar") : PolicyFiles.Read(name), name);
        var rules = parsed.Policies is { } set ? set.Rules.Concat(set.Templates).OrderBy(r => r.Line).Select(View) : [];
        return new(name, parsed.Policies is not null, parsed.Policies?.Hash, [.. rules], [.. parsed.Problems.Select(p => p.ToString())]);
    }

    /// <summary>Runs the tests beside the policies of a directory.</summary>
    /// <param name="directory">The directory; null for the shipped roles.</param>
    public static IReadOnlyList<PolicyTestReport> Test(string? directory)
    {
        if (directory is null)
        {
            return [.. PolicyFiles.Roles.Select(role => Report(role + PolicyTestFile.Suffix, PolicyFiles.Shipped(role + PolicyTestFile.Suffix), PolicyFiles.Shipped))];
        }

        if (!Directory.Exists(directory))
        {
            throw new UserException($"There is no directory {directory}.");
        }

        var files = Directory.GetFiles(directory, "*" + PolicyTestFile.Suffix).Order(StringComparer.Ordinal).ToList();
        return files.Count == 0
            ? throw new UserException($"{directory} has no *{PolicyTestFile.Suffix}.")
            : [.. files.Select(f => Report(f, PolicyFiles.Read(f), name => PolicyFiles.Read(Path.Combine(directory, name))))];
    }

    /// <summary>Says whether a request is permitted, and by which rules.</summary>
    /// <param name="policy">A shipped role or the path of a file.</param>
    /// <param name="principal">Who asks: Agent::"name".</param>
    /// <param name="role">The role in which it asks; null for the policy's own.</param>
    /// <param name="what">An action, or a tool.</param>
    /// <param name="detail">The resource, or the tool's arguments.</param>
    public static IReadOnlyList<PolicyExplanation> Explain(string policy, string principal, string? role, string what, string detail)
    {
        var binding = PolicyFiles.Load(policy)!;
        var policies = PolicyFiles.Parse(binding.Text, binding.Name);
        var who = EntityUid.Parse(principal) ?? throw new UserException($"--principal names an entity such as Agent::\"coder\", not '{principal}'.");
        return [.. Needs(what, detail).Select(need => Answer(policies, who, role ?? binding.Role, need))];
    }

    private static PolicyTestReport Report(string name, string text, Func<string, string> read)
    {
        var results = PolicyTestFile.Run(name, text, read);
        return new(name, results.Count(r => r.Passed), [.. results.Where(r => !r.Passed)]);
    }

    private static IEnumerable<AccessRequest> Needs(string what, string detail)
    {
        if (Capabilities.Actions.Contains(what))
        {
            var resource = EntityUid.Parse(detail) ?? throw new UserException($"'{detail}' is no resource such as File::\"src/a.py\" or Command::\"git\".");
            return [new(what, resource.Type, resource.Id)];
        }

        return what.Contains('.', StringComparison.Ordinal)
            ? throw new UserException($"There is no action {what}; there are {string.Join(", ", Capabilities.Actions)}, or give a tool and its arguments.")
            : IsObject(detail) ? Capabilities.Of(what, detail, Directory.GetCurrentDirectory()) : throw new UserException($"The arguments of {what} are one JSON object, such as '{{\"path\": \"a.py\"}}'.");
    }

    private static bool IsObject(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static PolicyExplanation Answer(PolicySet policies, EntityUid principal, string? role, AccessRequest need)
    {
        var (request, entities) = PolicyGate.Ask(principal, role, need);
        var decision = policies.Decide(request, entities);
        return new(
            need.Action, request.Resource.ToString(), decision.IsAllowed,
            [.. policies.Rules.Where(r => decision.DecidingRules.Contains(r.Id)).Select(View)],
            [.. decision.Errors.Select(e => $"{e.Rule}: {e.Message}")], decision.PolicyHash);
    }

    private static PolicyRuleView View(PolicyRule rule) =>
        new(rule.Id, rule.Line, rule.Effect == Effect.Permit ? "permit" : "forbid", rule.Annotation("reason"));
}
