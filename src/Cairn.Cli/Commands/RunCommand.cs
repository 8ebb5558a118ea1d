using System.CommandLine;
using Cairn.Abstractions;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn run: an agent does a task on a repository.</summary>
internal static class RunCommand
{
    public static Command Make()
    {
        var task = new Argument<string>("task") { Description = "What is to be done; - reads it from standard input" };
        var repo = new Option<string>("--repo") { Description = "The repository", DefaultValueFactory = _ => ".", HelpName = "DIR" };
        var model = new Option<string?>("--model") { Description = "The model: openai:NAME, anthropic:NAME, ollama:NAME, llamacpp:NAME, vllm:NAME, compatible:NAME", HelpName = "PROVIDER:NAME" };
        var agent = new Option<string?>("--agent") { Description = "Agent file: role, prompt, tools and limits in YAML", HelpName = "FILE" };
        var code = new Option<string?>("--code") { Description = "A code agent instead of a model: an assembly built against Cairn.Sdk", HelpName = "DLL[:CLASS]" };
        var judge = new Option<string?>("--judge") { Description = "Shell command that must exit 0 before anything is merged (default: the repository's own tests; '' for none)", HelpName = "COMMAND" };
        var tokens = new Option<long?>("--budget-tokens") { Description = "The most tokens, input and output", HelpName = "N" };
        var usd = new Option<decimal?>("--budget-usd") { Description = "The most US dollars", HelpName = "N" };
        var steps = new Option<int?>("--max-steps") { Description = "The most model calls", HelpName = "N" };
        var merge = new Option<MergeMode?>("--merge") { Description = "What happens with the changes once the judge accepts them (default: ask)", HelpName = "auto|ask|never" };
        var keep = new Option<int?>("--keep-days") { Description = "Keep the run for N days after its end: `cairn gc` never removes it before, and always after", HelpName = "N" };
        var policy = new Option<string?>("--policy") { Description = "What the agent may do: code-analyser, refactorer, deployer, or a file of Cedar rules (default: whatever the sandbox allows)", HelpName = "ROLE|FILE" };
        var hosts = new Option<string[]>("--allow-net") { Description = "A host that commands and tools may reach, through Cairn's proxy; may be given several times (default: no network)", HelpName = "HOST[:PORT]" };
        var own = new Option<bool>("--allow-repo-tools") { Description = "Take the tools that the repository brings along in .cairn/tools/*.json" };
        var quiet = new Option<bool>("--quiet") { Description = "Do not show the output of commands" };
        var detach = new Option<bool>("--detach") { Description = "Leave the run to the daemon (`cairn serve`) and return at once" };
        var command = new Command("run", "An agent does a task on a repository, in a fork of it.")
        {
            task, repo, model, agent, code, judge, tokens, usd, steps, merge, keep, policy, hosts, own, quiet, detach,
        };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            var text = parse.GetRequiredValue(task);
            var start = new StartRun
            {
                Task = text == "-" ? await Console.In.ReadToEndAsync(token) : text,
                Repository = parse.GetRequiredValue(repo),
                Model = parse.GetValue(model),
                AgentFile = parse.GetValue(agent),
                Policy = parse.GetValue(policy),
                AllowNet = parse.GetValue(hosts) is { Length: > 0 } named ? named : null,
                AllowRepositoryTools = parse.GetValue(own),
                Judge = parse.GetValue(judge),
                BudgetTokens = parse.GetValue(tokens),
                BudgetUsd = parse.GetValue(usd),
                MaxSteps = parse.GetValue(steps),
                Merge = parse.GetValue(merge),
                KeepDays = parse.GetValue(keep),
            };
            await using var cairn = call.Open();
            if (parse.GetValue(detach) && cairn is not RemoteCairn)
            {
                throw new CairnException("--detach needs a daemon, and none serves this state directory: start one with `cairn serve`.");
            }

            var coded = parse.GetValue(code) is { } assembly ? CodeAgents.Load(assembly) : null;
            var run = coded is null ? await cairn.StartAsync(start, token) : await cairn.StartAsync(start, coded, token);
            if (parse.GetValue(detach))
            {
                return await Drive.Detach(call, cairn, run, token);
            }

            return await Drive.AsyncTo(call, cairn, run, coded, !parse.GetValue(quiet), token);
        });
        return command;
    }
}
