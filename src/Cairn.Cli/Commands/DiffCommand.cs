using System.CommandLine;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary>cairn diff: what a run changed.</summary>
internal static class DiffCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var at = new Option<string>("--at") { Description = "Only up to a place: a step, a checkpoint, a record", DefaultValueFactory = _ => "end", HelpName = "PLACE" };
        var all = new Option<bool>("--all") { Description = "Show what .gitignore names too" };
        var command = new Command("diff", "Show what a run changed, as a patch.") { id, at, all };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.OpenReadOnly();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            var diff = await cairn.DiffAsync(run.Id, parse.GetRequiredValue(at), token);
            if (call.IsJson)
            {
                Output.Json(diff, CliJson.Default.DiffView);
                return ExitCode.Ok;
            }

            foreach (var file in diff.Files.Where(f => !f.Ignored || parse.GetValue(all)))
            {
                var path = Safe.Line(file.Change.Path, 4000);
                Output.Write($"# {file.Change.Change.ToString().ToLowerInvariant()} {file.Change.Kind.ToString().ToLowerInvariant()} {path}{Mode(file.Change.BeforeMode, file.Change.AfterMode)}");
                if (file.Patch is not null)
                {
                    Output.Line(Safe.Text(file.Patch.TrimEnd('\n')));
                }
            }

            var hidden = parse.GetValue(all) ? 0 : diff.Files.Count(f => f.Ignored);
            if (hidden > 0)
            {
                Output.Write($"# {hidden} paths that .gitignore names are not shown (--all shows them)");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static string Mode(int before, int after) => before != 0 && after != 0 && before != after
        ? $" (mode {Convert.ToString(before, 8)} -> {Convert.ToString(after, 8)})"
        : "";
}
