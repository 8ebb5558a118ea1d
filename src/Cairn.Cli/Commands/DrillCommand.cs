using System.CommandLine;
using Cairn.Cli.Demo;
using Cairn.Cli.Drills;
using Cairn.Cli.Terminal;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn drill: kills real Cairn processes at work and checks that nobody could tell afterwards.</summary>
internal static class DrillCommand
{
    public static Command Make()
    {
        var kills = new Option<int>("--kills") { Description = "How many processes to kill", DefaultValueFactory = _ => 20, HelpName = "N" };
        var seed = new Option<int>("--seed") { Description = "Decides about the moments", DefaultValueFactory = _ => 1, HelpName = "N" };
        var command = new Command("drill", "Kill real Cairn processes with SIGKILL while they work, resume, and compare with a job that was left alone.") { kills, seed };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            var count = parse.GetValue(kills);
            if (count < 1)
            {
                throw new CairnException("--kills: give a number of at least 1.");
            }

            var scratch = Path.Combine(DemoFiles.Scratch(), $"drill-{Environment.ProcessId}");
            Directory.CreateDirectory(scratch);
            var drill = new KillDrill(KillDrill.Program(), scratch, parse.GetValue(seed), call.IsJson ? null : Console.Error.WriteLine);
            var report = await drill.RunAsync(count, token);
            if (report.Passed)
            {
                Directory.Delete(scratch, recursive: true);
            }

            Show(call, report, scratch);
            return report.Passed ? ExitCode.Ok : ExitCode.No;
        });
        return command;
    }

    private static void Show(Invocation call, DrillReport report, string scratch)
    {
        if (call.IsJson)
        {
            Output.Json(report, CliJson.Default.DrillReport);
            return;
        }

        foreach (var problem in report.Problems)
        {
            Output.Line($"PROBLEM  {Safe.Line(problem, 1000)}");
        }

        Output.Write($"{report.Kills} kills, {report.Resumes} resumes, {report.Jobs} jobs in {report.Seconds:0.0} s");
        Output.Line(report.Passed
            ? "Files, counter and end of every job are those of the job that was left alone; every replay is verified; no process is left."
            : $"NOT as it should be. The state directories are in {scratch}");
    }
}
