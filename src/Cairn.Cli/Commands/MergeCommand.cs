using System.CommandLine;
using Cairn.Abstractions;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary>cairn merge: merges what a run changed into its repository.</summary>
internal static class MergeCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var command = new Command("merge", "Merge what a run changed into its repository: all of it, or nothing when there are conflicts.") { id };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.Open();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            var result = await cairn.MergeAsync(run.Id, token);
            if (call.IsJson)
            {
                Output.Json(result, CliJson.Default.MergeFinished);
            }
            else
            {
                Output.Line(Safe.Text($"{result.Message}"));
            }

            return result.Status is MergeStatus.Merged or MergeStatus.Nothing ? ExitCode.Ok : ExitCode.No;
        });
        return command;
    }
}
