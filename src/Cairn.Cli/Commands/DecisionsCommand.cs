using System.CommandLine;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary>cairn decisions: the questions that wait for a human.</summary>
internal static class DecisionsCommand
{
    public static Command Make()
    {
        var command = new Command("decisions", "List the questions that wait for a human.");
        Invocation.Bind(command, async (call, _, token) =>
        {
            await using var cairn = call.OpenReadOnly();
            var pending = await cairn.DecisionsAsync(token);
            if (call.IsJson)
            {
                Output.Json(pending, CliJson.Default.IReadOnlyListPendingDecision);
                return ExitCode.Ok;
            }

            foreach (var decision in pending)
            {
                Output.Write($"{decision.Run,-16} {decision.Decision,-4} {Safe.Line(decision.Question, 300)}{(decision.Options.IsEmpty ? "" : $"  [{Safe.Line(string.Join(" | ", decision.Options), 200)}]")}{(decision.Open ? "" : "  (resume the run to answer)")}");
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
