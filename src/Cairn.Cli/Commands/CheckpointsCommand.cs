using System.CommandLine;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary>cairn checkpoints: the places that a run can be taken back to.</summary>
internal static class CheckpointsCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var command = new Command("checkpoints", "List the places that a run can be taken back to.") { id };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.OpenReadOnly();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            var checkpoints = await cairn.CheckpointsAsync(run.Id, token);
            if (call.IsJson)
            {
                Output.Json(checkpoints, CliJson.Default.IReadOnlyListCheckpointView);
                return ExitCode.Ok;
            }

            foreach (var point in checkpoints)
            {
                Output.Write($"{point.Id,-5} step {point.Step,-4} @{point.Position,-5} {Safe.Line(point.Reason, 80)}");
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
