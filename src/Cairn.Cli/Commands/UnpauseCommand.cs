using System.CommandLine;

namespace Cairn.Cli.Commands;

/// <summary>cairn unpause: lets the daemon go on with a run.</summary>
internal static class UnpauseCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var command = new Command("unpause", "Let the daemon go on with a run that is paused; without a daemon, `cairn resume` does it here.") { id };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.Open();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            return await Drive.Detach(call, cairn, run.Id, token);
        });
        return command;
    }
}
