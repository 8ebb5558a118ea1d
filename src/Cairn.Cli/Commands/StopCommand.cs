using System.CommandLine;
using Cairn.Abstractions;
using Cairn.Cli.Terminal;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn pause and cairn cancel: stop a run, for now or for good.</summary>
internal static class StopCommand
{
    public static Command Pause() => Make(
        "pause", "Stop a run for now: its model's stream and all its processes end, what they printed is kept, and it can be resumed.",
        (cairn, run, reason, token) => cairn.PauseAsync(run, reason ?? "paused by the user", token));

    public static Command Cancel() => Make(
        "cancel", "End a run for good; what it changed stays in its fork.",
        (cairn, run, reason, token) => cairn.CancelAsync(run, reason ?? "cancelled by the user", token));

    private static Command Make(string name, string description, Func<ICairn, RunId, string?, CancellationToken, Task<RunSummary>> stop)
    {
        var id = RunArgument.Make();
        var reason = new Option<string?>("--reason") { Description = "Why; it is written down", HelpName = "TEXT" };
        var command = new Command(name, description) { id, reason };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.OpenToStop();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            var after = await stop(cairn, run.Id, parse.GetValue(reason), token);
            if (call.IsJson)
            {
                Output.Json(after, CliJson.Default.RunSummary);
                return ExitCode.Ok;
            }

            Output.Write($"Run {after.Id}: {after.Status}{(after.Reason.Length > 0 ? $" ({Safe.Line(after.Reason, 200)})" : "")}.");
            return ExitCode.Ok;
        });
        return command;
    }
}
