using System.CommandLine;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary>cairn runs: the runs of the state directory.</summary>
internal static class RunsCommand
{
    public static Command Make()
    {
        var command = new Command("runs", "List the runs.");
        Invocation.Bind(command, async (call, _, token) =>
        {
            await using var cairn = call.OpenReadOnly();
            var runs = await cairn.RunsAsync(token);
            if (call.IsJson)
            {
                Output.Json(runs, CliJson.Default.IReadOnlyListRunSummary);
                return ExitCode.Ok;
            }

            if (runs.Count == 0)
            {
                Output.Line("No runs yet. `cairn run \"TASK\" --repo DIR` starts one; `cairn demo` shows how it works.");
            }

            foreach (var run in runs)
            {
                Output.Write($"{run.Id,-16} {run.Started:yyyy-MM-dd HH:mm}  {run.Status,-12} {run.Step,4} steps {run.Usage.Total,9} tokens  {Safe.Line(run.Title, 60)}{(run.ForkedFrom is { } source ? $"  (fork of {source})" : "")}");
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
