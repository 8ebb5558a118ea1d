using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn replay: folds a run's journal again and compares everything with what was recorded.</summary>
internal static class ReplayCommand
{
    public static Command Make()
    {
        var id = RunArgument.Make();
        var verify = new Option<bool>("--verify") { Description = "Compare every state, decision and prompt byte for byte" };
        var command = new Command("replay", "Run a run's fold again, with no network and no sandbox.") { id, verify };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.OpenReadOnly();
            var run = await cairn.FindAsync(parse.GetRequiredValue(id), token);
            if (!parse.GetValue(verify))
            {
                throw new CairnException("Say what the replay is for: `cairn replay RUN --verify` compares it with what was recorded.");
            }

            var report = await cairn.VerifyAsync(run.Id, token);
            if (call.IsJson)
            {
                Output.Json(report, CliJson.Default.ReplayView);
            }
            else if (report.Passed)
            {
                Output.Write($"verified: {report.Records} records, {report.Prompts} prompts and {report.Decisions} decisions are byte for byte as recorded");
                Output.Write($"state     {report.State}{(report.Ended ? "" : "  (the run is still open: proven up to its last record)")}");
            }
            else
            {
                Output.Line(Safe.Text($"DIFFERENT: {report.Difference}"));
            }

            return report.Passed ? ExitCode.Ok : ExitCode.No;
        });
        return command;
    }
}
