using System.CommandLine;
using Cairn.Abstractions;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary>cairn rollback: takes a run back to a checkpoint.</summary>
internal static class RollbackCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var checkpoint = new Argument<string>("checkpoint") { Description = "The checkpoint: c3" };
        var command = new Command("rollback", "Take a run back to a checkpoint: its files, its conversation, its decisions.") { id, checkpoint };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.Open();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            var back = await cairn.RollBackAsync(run.Id, CheckpointId.Parse(parse.GetRequiredValue(checkpoint)), token);
            if (call.IsJson)
            {
                Output.Json(back, CliJson.Default.RunSummary);
                return ExitCode.Ok;
            }

            Output.Write($"Run {back.Id} is back at {parse.GetRequiredValue(checkpoint)}, step {back.Step}, and paused. cairn resume {back.Id} goes on from there.");
            if (run.Merge == MergeStatus.Merged)
            {
                Output.Write($"What it merged into {back.Repository} is still there; the run's own files are those of the checkpoint.");
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
