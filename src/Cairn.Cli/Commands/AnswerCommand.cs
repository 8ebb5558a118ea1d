using System.CommandLine;
using Cairn.Abstractions;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary>cairn answer: answers a question of a run; the first answer counts.</summary>
internal static class AnswerCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var decision = new Argument<string>("decision") { Description = "The question: d1" };
        var answer = new Argument<string>("answer") { Description = "The answer: one of the options, or free text" };
        var command = new Command("answer", "Answer a question of a run; the first answer counts.") { id, decision, answer };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.Open();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            var after = await cairn.AnswerAsync(run.Id, DecisionId.Parse(parse.GetRequiredValue(decision)), parse.GetRequiredValue(answer), token);
            if (call.IsJson)
            {
                Output.Json(after, CliJson.Default.RunSummary);
                return ExitCode.Ok;
            }

            Output.Write($"Written down. Run {after.Id}: {after.Status}.");
            return ExitCode.Ok;
        });
        return command;
    }
}
