using System.CommandLine;
using Cairn.Cli.Terminal;

namespace Cairn.Cli.Commands;

/// <summary>cairn log: a run's journal.</summary>
internal static class LogCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var effects = new Option<bool>("--effects") { Description = "Show all that each tool call did: files with hashes, processes, network requests" };
        var command = new Command("log", "Show what happened in a run, record by record.") { id, effects };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.OpenReadOnly();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            var log = await cairn.LogAsync(run.Id, token);
            if (call.IsJson)
            {
                Output.Json(log, CliJson.Default.IReadOnlyListLogEntry);
                return ExitCode.Ok;
            }

            foreach (var entry in log)
            {
                Output.Write($"@{entry.Position,-4} {entry.At:HH:mm:ss.fff}  {(entry.Step == 0 ? "" : $"{entry.Step}"),3}  {Safe.Line(entry.Text, 200)}");
                foreach (var line in EffectLines.Of(entry.Event, parse.GetValue(effects) ? int.MaxValue : EffectLines.Few))
                {
                    Output.Write($"{"",23}{line}");
                }
            }

            return ExitCode.Ok;
        });
        return command;
    }
}
