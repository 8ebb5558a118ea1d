using System.CommandLine;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary>cairn fork: a new run that continues a past one from one of its places.</summary>
internal static class ForkCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var at = new Option<string>("--at") { Description = "A step (7: just before it), a checkpoint (c3), a record (@17) or end", DefaultValueFactory = _ => "end", HelpName = "PLACE" };
        var model = new Option<string?>("--model") { Description = "Go on with another model", HelpName = "PROVIDER:NAME" };
        var start = new Option<bool>("--resume") { Description = "Go on at once" };
        var quiet = new Option<bool>("--quiet") { Description = "Do not show the output of commands" };
        var command = new Command("fork", "Make a new run that continues a past one from one of its places; the original stays.") { id, at, model, start, quiet };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.Open();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            var fork = await cairn.ForkAsync(run.Id, parse.GetRequiredValue(at), parse.GetValue(model), token);
            if (parse.GetValue(start))
            {
                return await Drive.AsyncTo(call, cairn, fork, null, !parse.GetValue(quiet), token);
            }

            if (call.IsJson)
            {
                Output.Json(await cairn.FindAsync(fork.Value, token), CliJson.Default.RunSummary);
                return ExitCode.Ok;
            }

            Output.Write($"{fork} continues {run.Id} from {parse.GetRequiredValue(at)}. cairn resume {fork} goes on.");
            return ExitCode.Ok;
        });
        return command;
    }
}
