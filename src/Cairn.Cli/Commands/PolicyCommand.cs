using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Host;

namespace Cairn.Cli.Commands;

/// <summary>cairn policy: check rules, run their tests, explain a decision.</summary>
internal static class PolicyCommand
{
    public static Command Make() => new("policy", "What agents may do: check rules, run their tests, explain decisions.") { Check(), Test(), Explain() };

    private static Command Check()
    {
        var file = new Argument<string>("file") { Description = "A file of Cedar rules, or a shipped role" };
        var command = new Command("check", "Read a policy and list its rules, or say where it is wrong.") { file };
        Invocation.Bind(command, (call, parse, _) =>
        {
            var report = PolicyReports.Check(parse.GetRequiredValue(file));
            if (call.IsJson)
            {
                Output.Json(report, CliJson.Default.PolicyCheckReport);
                return Task.FromResult(report.Valid ? ExitCode.Ok : ExitCode.No);
            }

            foreach (var problem in report.Problems)
            {
                Output.Line(Safe.Line(problem, 300));
            }

            foreach (var rule in report.Rules)
            {
                Output.Write($"{rule.Line,5}  {rule.Effect,-6}  {Safe.Line(rule.Id, 80)}");
            }

            if (report.Hash is { } hash)
            {
                Output.Write($"{report.Rules.Count} rules; what none of them permits is denied. Policy {hash}");
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
            var reports = PolicyReports.Test(parse.GetValue(directory));
            var code = reports.All(r => r.Failed.Count == 0) ? ExitCode.Ok : ExitCode.No;
            if (call.IsJson)
            {
                Output.Json(reports, CliJson.Default.IReadOnlyListPolicyTestReport);
                return Task.FromResult(code);
            }

            foreach (var report in reports)
            {
                Output.Write($"{Safe.Line(report.File, 120)}: {report.Passed} passed, {report.Failed.Count} failed");
                foreach (var failed in report.Failed)
                {
                    Output.Write($"  {Safe.Line(failed.Name, 200)}: {Safe.Line(failed.Detail, 300)}");
                }
            }

            return Task.FromResult(code);
        });
        return command;
    }

    private static Command Explain()
    {
        var request = new Argument<string[]>("request")
        {
            Description = "ACTION RESOURCE (fs.write 'File::\"src/a.py\"'), or a tool and its arguments (run_command '{\"command\": \"git log\"}')",
            Arity = new ArgumentArity(2, 2),
        };
        var policy = new Option<string>("--policy") { Description = "code-analyser, refactorer, deployer, or a file of Cedar rules", HelpName = "ROLE|FILE", Required = true };
        var principal = new Option<string>("--principal") { Description = "Who asks", HelpName = "ENTITY", DefaultValueFactory = _ => "Agent::\"agent\"" };
        var role = new Option<string?>("--role") { Description = "The role in which it asks (default: the shipped policy's own)", HelpName = "ROLE" };
        var command = new Command("explain", "Say whether a request is permitted, and by which rules.") { request, policy, principal, role };
        Invocation.Bind(command, (call, parse, _) =>
        {
            var words = parse.GetRequiredValue(request);
            var answers = PolicyReports.Explain(parse.GetRequiredValue(policy), parse.GetRequiredValue(principal), parse.GetValue(role), words[0], words[1]);
            if (call.IsJson)
            {
                Output.Json(answers, CliJson.Default.IReadOnlyListPolicyExplanation);
            }
            else
            {
                foreach (var answer in answers)
                {
                    Show(answer);
                }
            }

            return Task.FromResult(answers.All(a => a.Allowed) ? ExitCode.Ok : ExitCode.No);
        });
        return command;
    }

    private static void Show(PolicyExplanation answer)
    {
        Output.Write($"{(answer.Allowed ? "allow" : "deny"),-6} {answer.Action} on {Safe.Line(answer.Resource, 200)}{(answer.Rules.Count == 0 ? ": no rule permits it" : "")}");
        foreach (var rule in answer.Rules)
        {
            Output.Write($"         {rule.Effect} rule {Safe.Line(rule.Id, 80)} (line {rule.Line}){(rule.Reason is null ? "" : $": {Safe.Line(rule.Reason, 200)}")}");
        }

        foreach (var error in answer.LeftOut)
        {
            Output.Write($"         left out: rule {Safe.Line(error, 300)}");
        }
    }
}
