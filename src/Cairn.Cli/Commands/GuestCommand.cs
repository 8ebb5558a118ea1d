using System.CommandLine;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn guest: an unchanged program works on a repository, its model traffic through Cairn's gateway.</summary>
internal static class GuestCommand
{
    public static Command Make()
    {
        var program = new Argument<string[]>("program") { Description = "The program and its arguments, behind --", Arity = ArgumentArity.OneOrMore };
        var repo = new Option<string>("--repo") { Description = "The repository", DefaultValueFactory = _ => ".", HelpName = "DIR" };
        var model = new Option<string?>("--model") { Description = "The model that answers the program, whichever it asks for", HelpName = "PROVIDER:NAME" };
        var policy = new Option<string?>("--policy") { Description = "What the guest may do: a role or a file of Cedar rules (default: whatever the sandbox allows)", HelpName = "ROLE|FILE" };
        var hosts = new Option<string[]>("--allow-net") { Description = "A host that the guest may reach beside its model; may be given several times (default: none)", HelpName = "HOST[:PORT]" };
        var judge = new Option<string?>("--judge") { Description = "Shell command that must exit 0 before anything is merged (default: none)", HelpName = "COMMAND" };
        var tokens = new Option<long?>("--budget-tokens") { Description = "The most tokens, input and output", HelpName = "N" };
        var usd = new Option<decimal?>("--budget-usd") { Description = "The most US dollars", HelpName = "N" };
        var merge = new Option<MergeMode?>("--merge") { Description = "What happens with the changes when the program ends with 0 (default: ask)", HelpName = "auto|ask|never" };
        var keep = new Option<int?>("--keep-days") { Description = "Keep the run for N days after its end", HelpName = "N" };
        var quiet = new Option<bool>("--quiet") { Description = "Do not show the program's output" };
        var detach = new Option<bool>("--detach") { Description = "Leave the run to the daemon (`cairn serve`) and return at once" };
        var command = new Command("guest", "Run an unchanged program (codex, opencode, claude, any other) on a fork of a repository: cairn guest -- PROGRAM ARGUMENTS.")
        {
            program, repo, model, policy, hosts, judge, tokens, usd, merge, keep, quiet, detach,
        };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            var words = parse.GetRequiredValue(program);
            await using var cairn = call.Open();
            if (parse.GetValue(detach) && cairn is not RemoteCairn)
            {
                throw new CairnException("--detach needs a daemon, and none serves this state directory: start one with `cairn serve`.");
            }

            var run = await cairn.StartAsync(
                new StartRun
                {
                    Task = string.Join(' ', [Path.GetFileName(words[0]), .. words[1..]]),
                    Repository = parse.GetRequiredValue(repo),
                    Guest = [Path.IsPathRooted(words[0]) || !words[0].Contains('/', StringComparison.Ordinal) ? words[0] : Path.GetFullPath(words[0]), .. words[1..]],
                    Model = parse.GetValue(model),
                    Policy = parse.GetValue(policy),
                    AllowNet = parse.GetValue(hosts) is { Length: > 0 } named ? named : null,
                    Judge = parse.GetValue(judge) ?? "",
                    BudgetTokens = parse.GetValue(tokens),
                    BudgetUsd = parse.GetValue(usd),
                    Merge = parse.GetValue(merge),
                    KeepDays = parse.GetValue(keep),
                },
                token);
            return parse.GetValue(detach)
                ? await Drive.Detach(call, cairn, run, token)
                : await Drive.AsyncTo(call, cairn, run, null, !parse.GetValue(quiet), token);
        });
        return command;
    }
}
