using System.CommandLine;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Cli.Terminal;
using Cairn.Host;
using Cairn.Kernel;
using Cairn.Kernel.Cedar;
using Cairn.Sdk;
using Command = System.CommandLine.Command;

namespace Cairn.Cli.Commands;

/// <summary>What `cairn policy check` found.</summary>
internal sealed record PolicyCheckReport(string Policy, bool Valid, BlobHash? Hash, IReadOnlyList<PolicyRuleView> Rules, IReadOnlyList<PolicyProblem> Problems);

/// <summary>A rule in a list.</summary>
internal sealed record PolicyRuleView(string Id, int Line, Effect Effect, string? Reason);

/// <summary>What `cairn policy test` found in one file.</summary>
internal sealed record PolicyTestReport(string File, int Passed, IReadOnlyList<PolicyTestResult> Failed);

/// <summary>What `cairn policy explain` says of one permission.</summary>
internal sealed record PolicyExplanation(string Action, string Resource, bool Allowed, IReadOnlyList<PolicyRuleView> Rules, IReadOnlyList<PolicyError> Errors, BlobHash Policy);

/// <summary>cairn policy: check rules, run their tests, explain a decision.</summary>
internal static class PolicyCommand
{
    private static readonly Option<string> Policy = new("--policy")
    {
        Description = "code-analyser, refactorer, deployer, or a file of Cedar rules", HelpName = "ROLE|FILE", Required = true,
    };

    private static readonly Option<string> Principal = new("--principal")
    {
        Description = "Who asks", HelpName = "ENTITY", DefaultValueFactory = _ => "Agent::\"agent\"",
    };

    private static readonly Option<string?> Role = new("--role")
    {
        Description = "The role in which it asks (default: the shipped policy's own)", HelpName = "ROLE",
    };

    public static Command Make() => new("policy", "What agents may do: check rules, run their tests, explain decisions.") { Check(), Test(), Explain() };

    private static Command Check()
    {
        var file = new Argument<string>("file") { Description = "A file of Cedar rules, or a shipped role" };
        var command = new Command("check", "Read a policy and list its rules, or say where it is wrong.") { file };
        Invocation.Bind(command, (call, parse, _) =>
        {
            var name = parse.GetRequiredValue(file);
            var parsed = PolicySet.Parse(Text(name), name);
            var report = new PolicyCheckReport(
                name, parsed.Policies is not null, parsed.Policies?.Hash, [.. (parsed.Policies?.Rules ?? []).Concat(parsed.Policies?.Templates ?? []).Select(View)], parsed.Problems);
            if (call.IsJson)
            {
                Output.Json(report, CliJson.Default.PolicyCheckReport);
            }
            else
            {
                foreach (var problem in report.Problems)
                {
                    Output.Line(Safe.Line(problem.ToString(), 300));
                }

                foreach (var rule in report.Rules)
                {
                    Output.Write($"{rule.Line,5}  {Words(rule.Effect),-6}  {Safe.Line(rule.Id, 80)}");
                }

                if (report.Hash is { } hash)
                {
                    Output.Write($"{report.Rules.Count} rules; what none of them permits is denied. Policy {hash}");
                }
            }

            return Task.FromResult(report.Valid ? ExitCode.Ok : ExitCode.No);
        });
        return command;
    }

    private static Command Test()
    {
        var directory = new Argument<string?>("dir") { Description = "Directory with *.tests.yaml (default: the shipped roles)", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("test", "Run the tests that lie beside policies.") { directory };
        Invocation.Bind(command, (call, parse, _) =>
        {
            var reports = Files(parse.GetValue(directory)).Select(f => Report(f.Name, f.Results)).ToList();
            if (call.IsJson)
            {
                Output.Json((IReadOnlyList<PolicyTestReport>)reports, CliJson.Default.IReadOnlyListPolicyTestReport);
            }
            else
            {
                foreach (var report in reports)
                {
                    Output.Write($"{Safe.Line(report.File, 120)}: {report.Passed} passed, {report.Failed.Count} failed");
                    foreach (var failed in report.Failed)
                    {
                        Output.Write($"  {Safe.Line(failed.Name, 200)}: {Safe.Line(failed.Detail, 300)}");
                    }
                }
            }

            return Task.FromResult(reports.TrueForAll(r => r.Failed.Count == 0) ? ExitCode.Ok : ExitCode.No);
        });
        return command;
    }

    private static Command Explain()
    {
        var request = new Argument<string[]>("request") { Description = "ACTION RESOURCE (fs.write 'File::\"src/a.py\"'), or a tool and its arguments (run_command '{\"command\": \"git log\"}')", Arity = new ArgumentArity(2, 2) };
        var command = new Command("explain", "Say whether a request is permitted, and by which rules.") { request, Policy, Principal, Role };
        Invocation.Bind(command, (call, parse, _) =>
        {
            var binding = PolicyFiles.Load(parse.GetRequiredValue(Policy))!;
            var policies = PolicyFiles.Parse(binding.Text, binding.Name);
            var principal = EntityUid.Parse(parse.GetRequiredValue(Principal)) ?? throw new CairnException("--principal names an entity such as Agent::\"coder\".");
            var words = parse.GetRequiredValue(request);
            var answers = Needs(words[0], words[1]).Select(need => Answer(policies, principal, parse.GetValue(Role) ?? binding.Role, need)).ToList();
            if (call.IsJson)
            {
                Output.Json((IReadOnlyList<PolicyExplanation>)answers, CliJson.Default.IReadOnlyListPolicyExplanation);
            }
            else
            {
                answers.ForEach(Show);
            }

            return Task.FromResult(answers.TrueForAll(a => a.Allowed) ? ExitCode.Ok : ExitCode.No);
        });
        return command;
    }

    private static IEnumerable<AccessRequest> Needs(string what, string detail)
    {
        if (!Capabilities.Actions.Contains(what))
        {
            return what.Contains('.', StringComparison.Ordinal)
                ? throw new CairnException($"There is no action {what}; there are {string.Join(", ", Capabilities.Actions)}, or give a tool and its arguments.")
                : IsJson(detail) ? Capabilities.Of(what, detail, Directory.GetCurrentDirectory()) : throw new CairnException($"The arguments of {what} are one JSON object, such as '{{\"path\": \"a.py\"}}'.");
        }

        var resource = EntityUid.Parse(detail) ?? throw new CairnException($"'{detail}' is no resource such as File::\"src/a.py\" or Command::\"git\".");
        return [new(what, resource.Type, resource.Id)];
    }

    private static bool IsJson(string text)
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
            need.Action, $"{request.Resource}", decision.IsAllowed,
            [.. policies.Rules.Where(r => decision.DecidingRules.Contains(r.Id)).Select(View)], decision.Errors, decision.PolicyHash);
    }

    private static void Show(PolicyExplanation answer)
    {
        Output.Write($"{(answer.Allowed ? "allow" : "deny"),-6} {answer.Action} on {Safe.Line(answer.Resource, 200)}{(answer.Rules.Count == 0 ? ": no rule permits it" : "")}");
        foreach (var rule in answer.Rules)
        {
            Output.Write($"         {Words(rule.Effect)} rule {Safe.Line(rule.Id, 80)} (line {rule.Line}){(rule.Reason is null ? "" : $": {Safe.Line(rule.Reason, 200)}")}");
        }

        foreach (var error in answer.Errors)
        {
            Output.Write($"         left out: rule {Safe.Line(error.Rule, 80)}: {Safe.Line(error.Message, 200)}");
        }
    }

    private static IEnumerable<(string Name, IEnumerable<PolicyTestResult> Results)> Files(string? directory)
    {
        if (directory is null)
        {
            return PolicyFiles.Roles.Select(role => ($"{role}{PolicyTestFile.Suffix}",
                (IEnumerable<PolicyTestResult>)PolicyTestFile.Run(role, PolicyFiles.Shipped($"{role}{PolicyTestFile.Suffix}"), PolicyFiles.Shipped)));
        }

        if (!Directory.Exists(directory))
        {
            throw new CairnException($"There is no directory {directory}.");
        }

        var files = Directory.GetFiles(directory, "*" + PolicyTestFile.Suffix).Order(StringComparer.Ordinal).ToList();
        return files.Count == 0
            ? throw new CairnException($"{directory} has no *{PolicyTestFile.Suffix}.")
            : files.Select(f => (f, (IEnumerable<PolicyTestResult>)PolicyTestFile.Run(f, PolicyFiles.Read(f), name => PolicyFiles.Read(Path.Combine(directory, name)))));
    }

    private static PolicyTestReport Report(string name, IEnumerable<PolicyTestResult> results)
    {
        var all = results.ToList();
        return new(name, all.Count(r => r.Passed), [.. all.Where(r => !r.Passed)]);
    }

    private static string Text(string name) => PolicyFiles.Roles.Contains(name) ? PolicyFiles.Shipped($"{name}.cedar") : PolicyFiles.Read(name);

    private static PolicyRuleView View(PolicyRule rule) => new(rule.Id, rule.Line, rule.Effect, rule.Annotation("reason"));

    private static string Words(Effect effect) => effect == Effect.Permit ? "permit" : "forbid";
}
