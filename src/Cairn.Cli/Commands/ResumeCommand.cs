using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Host;

namespace Cairn.Cli.Commands;

/// <summary>cairn resume: goes on with a run that was interrupted, paused or rolled back.</summary>
internal static class ResumeCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var quiet = new Option<bool>("--quiet") { Description = "Do not show the output of commands" };
        var code = new Option<string?>("--code") { Description = "The code agent that the run belongs to", HelpName = "DLL[:CLASS]" };
        var detach = new Option<bool>("--detach") { Description = "Leave the run to the daemon (`cairn serve`) and return at once" };
        var command = new Command("resume", "Go on with a run that was interrupted, paused or rolled back.") { id, code, quiet, detach };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.Open();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            if (run.Ended && !call.IsJson)
            {
                Output.Line($"Run {run.Id} is over ({run.Status}). To go on from one of its places: cairn fork {run.Id} --at STEP, or cairn rollback {run.Id} CHECKPOINT.");
                return Drive.Code(run);
            }

            if (parse.GetValue(detach))
            {
                return await Drive.Detach(call, cairn, run.Id, token);
            }

            return await Drive.AsyncTo(call, cairn, run.Id, parse.GetValue(code) is { } assembly ? CodeAgents.Load(assembly) : null, !parse.GetValue(quiet), token);
        });
        return command;
    }
}
