using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Kernel.Cedar;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Cairn.Host;

/// <summary>What came of one test of a policy.</summary>
/// <param name="Name">The test's name, or what it asks.</param>
/// <param name="Passed">The policy answered as it should.</param>
/// <param name="Detail">What was expected and what came; "" when it passed.</param>
public sealed record PolicyTestResult(string Name, bool Passed, string Detail);

/// <summary>Tests beside a policy: requests in YAML and the answers that they must get.</summary>
public static class PolicyTestFile
{
    /// <summary>How such a file is named.</summary>
    public const string Suffix = ".tests.yaml";

    /// <summary>The root that tests with absolute paths would name; none has it.</summary>
    private const string NoRoot = "/\0";

    /// <summary>Runs the tests of a file.</summary>
    /// <param name="path">The file's name, for messages.</param>
    /// <param name="text">Its text.</param>
    /// <param name="read">Reads the policy that it names.</param>
    /// <exception cref="UserException">When the file is not of the form.</exception>
    public static ImmutableArray<PolicyTestResult> Run(string path, string text, Func<string, string> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        Shape shape;
        try
        {
            shape = new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance)
                .WithDuplicateKeyChecking().Build().Deserialize<Shape?>(text) ?? new Shape();
        }
        catch (YamlException e)
        {
            throw new UserException($"{path}, line {e.Start.Line}: this is not of the form that policy tests have: policy, principal, role, and tests with action and resource (or call and arguments), expect and by.", e);
        }

        if (shape.Policy is null || shape.Tests is not { Count: > 0 } tests)
        {
            throw new UserException($"{path}: 'policy' names the rules and 'tests' holds the tests; one of them is missing.");
        }

        var policy = PolicyFiles.Parse(read(shape.Policy), shape.Policy);
        return [.. tests.Select((test, i) => Run(policy, shape, test, $"{path}, test {i + 1}"))];
    }

    private static PolicyTestResult Run(PolicySet policy, Shape shape, TestShape test, string place)
    {
        var principal = Uid(test.Principal ?? shape.Principal ?? "Agent::\"agent\"", place);
        var role = (test.Role ?? shape.Role) is { Length: > 0 } named ? named : null;
        var needs = Needs(test, place);
        var rules = new List<string>();
        var allowed = true;
        foreach (var need in needs)
        {
            var (request, entities) = PolicyGate.Ask(principal, role, need);
            var decision = policy.Decide(request, entities);
            if (!decision.IsAllowed)
            {
                (allowed, rules) = (false, [.. decision.DecidingRules]);
                break;
            }

            rules.AddRange(decision.DecidingRules.Except(rules));
        }

        var expected = test.Expect switch
        {
            "allow" => true,
            "deny" => false,
            _ => throw new UserException($"{place}: 'expect' is allow or deny."),
        };
        var name = test.Name ?? (test.Call is null ? $"{test.Action} on {test.Resource}" : $"{test.Call} {Arguments(test)}");
        var found = $"{(allowed ? "allow" : "deny")} by [{string.Join(", ", rules)}]";
        var right = allowed == expected && (test.By is null || test.By.Order(StringComparer.Ordinal).SequenceEqual(rules.Order(StringComparer.Ordinal)));
        return new(name, right, right ? "" : $"expected {test.Expect}{(test.By is null ? "" : $" by [{string.Join(", ", test.By)}]")}, got {found}");
    }

    private static ImmutableArray<AccessRequest> Needs(TestShape test, string place)
    {
        if (test.Call is { } tool)
        {
            return Capabilities.Of(tool, Arguments(test), NoRoot);
        }

        if (test.Action is null || test.Resource is null)
        {
            throw new UserException($"{place}: a test has an action and a resource, or a call and its arguments.");
        }

        if (!Capabilities.Actions.Contains(test.Action))
        {
            throw new UserException($"{place}: there is no action {test.Action}; there are {string.Join(", ", Capabilities.Actions)}.");
        }

        var resource = Uid(test.Resource, place);
        return [new(test.Action, resource.Type, resource.Id, test.Line, test.Recursive)];
    }

    private static string Arguments(TestShape test) =>
        new JsonObject((test.Arguments ?? []).Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value))).ToJsonString();

    private static EntityUid Uid(string text, string place) =>
        EntityUid.Parse(text) ?? throw new UserException($"{place}: '{text}' is no entity such as File::\"src/a.py\".");

    private sealed class Shape
    {
        public string? Policy { get; set; }

        public string? Principal { get; set; }

        public string? Role { get; set; }

        public List<TestShape>? Tests { get; set; }
    }

    private sealed class TestShape
    {
        public string? Name { get; set; }

        public string? Principal { get; set; }

        public string? Role { get; set; }

        public string? Action { get; set; }

        public string? Resource { get; set; }

        public string? Line { get; set; }

        public bool Recursive { get; set; }

        public string? Call { get; set; }

        public Dictionary<string, string>? Arguments { get; set; }

        public string? Expect { get; set; }

        public List<string>? By { get; set; }
    }
}
