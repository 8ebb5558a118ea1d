using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Kernel.Cedar;

namespace Cairn.Tests.Policy;

/// <summary>What the reference cannot judge: places of problems, limits, the index, ids. The rest is judged by the reference.</summary>
public sealed class PolicySetTests
{
    [Theory]
    [InlineData("permit (principal, action, resource)", 1, 37, "expected `when`, `unless` or `;`, found the end")]
    [InlineData("permit (principal, action, resource);\nforbid (principal, action resource);", 2, 27, "expected `,`, found `resource`")]
    [InlineData("permit (principal, action, resource)\nwhen {\n  context.a = 1\n};", 3, 13, "`=` is no operator")]
    [InlineData("permit (principal, action, resource) when { foo };", 1, 45, "`foo` is unknown")]
    [InlineData("permit (principal, action, resource) when { \"a\\q\" == 1 };", 1, 47, "there is no escape \\q")]
    [InlineData("permit (principal, action == Tool::\"a\", resource);", 1, 30, "expected an action, found Tool::\"a\"")]
    [InlineData("permit (principal, action, resource) when { 1 < 2 < 3 };", 1, 51, "cannot be chained")]
    [InlineData("permit (principal, action, resource) when { [1].contains() };", 1, 57, "contains takes one argument, found 0")]
    [InlineData("permit (principal == ?resource, action, resource);", 1, 22, "expected `?principal` or an entity")]
    [InlineData("permit (principal, action, resource) when { 9223372036854775808 > 1 };", 1, 45, "does not fit into 64 bits")]
    [InlineData("permit (principal, action, resource) when { \"a };", 1, 45, "does not end")]
    [InlineData("allow (principal, action, resource);", 1, 1, "expected `permit`, `forbid` or an annotation")]
    [InlineData("@id(\"a\") permit (principal, action, resource);\n@id(\"a\") permit (principal, action, resource);", 2, 1, "has the id \"a\" too")]
    public void A_problem_names_its_line_its_column_and_what_was_expected(string text, int line, int column, string message)
    {
        var problem = Assert.Single(PolicySet.Parse(text, "p.cedar").Problems);
        Assert.Equal(("p.cedar", line, column), (problem.Name, problem.Line, problem.Column));
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_wrong_rules_of_a_text_are_named_at_once()
    {
        var problems = PolicySet.Parse("permit (x);\npermit (principal, action, resource);\nforbid (y);", "p").Problems;
        Assert.Equal([1, 3], problems.Select(p => p.Line));
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("if true then true else (", ")")]
    [InlineData("{a: ", "}")]
    public void Hostile_nesting_is_refused_and_exhausts_no_stack(string open, string close)
    {
        var deep = string.Concat(Enumerable.Repeat(open, 20_000)) + "1" + string.Concat(Enumerable.Repeat(close, 20_000));
        var problem = Assert.Single(PolicySet.Parse($"permit (principal, action, resource) when {{ {deep} }};", "p").Problems);
        Assert.Contains("nested deeper", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" + 1", "chain")]
    [InlineData(" || true", "chain")]
    [InlineData(".a", "chain")]
    public void Hostile_chains_are_refused(string link, string message)
    {
        var problem = Assert.Single(PolicySet.Parse($"permit (principal, action, resource) when {{ context{string.Concat(Enumerable.Repeat(link, 50_000))} }};", "p").Problems);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_chain_within_the_limits_is_evaluated()
    {
        var sum = string.Concat(Enumerable.Repeat(" + 1", 999));
        Assert.True(Decide($"permit (principal, action, resource) when {{ 1{sum} == 1000 }};").IsAllowed);
    }

    [Fact]
    public void The_index_finds_what_a_look_at_every_rule_finds()
    {
        // Heads of all kinds over few names; the conditions are true, so that only the heads decide.
        var random = new Random(5);
        string Uid(string type) => $"{type}::\"{random.Next(4)}\"";
        string Scope(string variable, string type) => random.Next(5) switch
        {
            0 => $"{variable} == {Uid(type)}",
            1 => $"{variable} in {Uid("G")}",
            2 => $"{variable} is {type}",
            3 => $"{variable} is {type} in {Uid("G")}",
            _ => variable,
        };
        var text = new StringBuilder();
        for (var i = 0; i < 300; i++)
        {
            var action = random.Next(4) switch { 0 => $"action == {Uid("Action")}", 1 => $"action in [{Uid("Action")}, {Uid("Action")}]", 2 => $"action in {Uid("Action")}", _ => "action" };
            text.Append(CultureInfo.InvariantCulture, $"permit ({Scope("principal", "U")}, {action}, {Scope("resource", "R")});\n");
        }

        var policies = PolicySet.Parse(text.ToString(), "p").Policies!;
        for (var n = 0; n < 200; n++)
        {
            EntityUid Pick(string type) => new(type, random.Next(4).ToString(CultureInfo.InvariantCulture));
            var request = new PolicyRequest(Pick("U"), Pick("Action"), Pick("R"), RecordValue.Empty);
            var entities = new Entities([
                Entity.Of(request.Principal, Pick("G")), Entity.Of(request.Action, Pick("Action")), Entity.Of(request.Resource, Pick("G"), Pick("G")), Entity.Of(Pick("G"), Pick("G"))]);
            var (principals, actions, resources) = (entities.WithAncestors(request.Principal), entities.WithAncestors(request.Action), entities.WithAncestors(request.Resource));
            var expected = policies.Rules.Where(r => r.Action.Matches(request.Action, actions) && r.Principal.Matches(request.Principal, principals) && r.Resource.Matches(request.Resource, resources));
            Assert.Equal(expected.Select(r => r.Id), policies.Decide(request, entities).DecidingRules);
        }
    }

    [Fact]
    public void A_rule_is_named_by_its_id_and_without_one_by_its_place()
    {
        var policies = PolicySet.Parse("permit (principal, action, resource);\n@id(\"named\") forbid (principal, action, resource);\n@id permit (principal, action, resource);", "p").Policies!;
        Assert.Equal([("policy0", 1), ("named", 2), ("policy2", 3)], policies.Rules.Select(r => (r.Id, r.Line)));
        Assert.Equal(BlobHash.OfText("permit (principal, action, resource);\n@id(\"named\") forbid (principal, action, resource);\n@id permit (principal, action, resource);"), policies.Hash);
    }

    [Fact]
    public void What_cannot_be_evaluated_decides_nothing_and_is_reported()
    {
        var decision = Decide("""
            @id("broken") forbid (principal, action, resource) when { context.missing == 1 };
            @id("overflow") permit (principal, action, resource) when { 9223372036854775807 + 1 > 0 };
            @id("right") permit (principal, action, resource);
            """);
        Assert.True(decision.IsAllowed);
        Assert.Equal(["right"], decision.DecidingRules);
        Assert.Equal(["broken", "overflow"], decision.Errors.Select(e => e.Rule));
        Assert.Contains("no attribute \"missing\"", decision.Errors[0].Message, StringComparison.Ordinal);
        Assert.Contains("overflow", decision.Errors[1].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"uid": 1}]""", "uid")]
    [InlineData("""[{"uid": {"type": "A", "id": "x"}, "attrs": {"a": null}}]""", "null")]
    [InlineData("""[{"uid": {"type": "A", "id": "x"}, "attrs": {"a": 1.5}}]""", "1.5")]
    [InlineData("""[{"uid": {"type": "A", "id": "x"}, "attrs": {"a": {"__extn": {"fn": "ip", "arg": "x"}}}}]""", "ip")]
    [InlineData("""[{"uid": {"type": "A", "id": "x"}}, {"uid": {"type": "A", "id": "x"}}]""", "twice")]
    public void Entities_that_are_none_are_refused_by_name(string json, string message)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Contains(message, Assert.Throws<FormatException>(() => CedarJson.ReadEntities(document.RootElement)).Message, StringComparison.Ordinal);
    }

    private static PolicyDecision Decide(string text) =>
        PolicySet.Parse(text, "p").Policies!.Decide(new(new("U", "a"), new("Action", "b"), new("R", "c"), RecordValue.Empty), Entities.None);
}
