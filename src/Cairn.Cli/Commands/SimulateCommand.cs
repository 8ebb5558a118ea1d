using System.CommandLine;
using System.Globalization;
using Cairn.Cli.Terminal;
using Cairn.Host.Simulation;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn simulate: crashes simulated machines everywhere and checks what they recover to.</summary>
internal static class SimulateCommand
{
    public static Command Make()
    {
        var seeds = new Option<string>("--seeds") { Description = "The seeds", DefaultValueFactory = _ => "1..3", HelpName = "FIRST..LAST" };
        var scenario = new Option<string?>("--scenario") { Description = $"One of {string.Join(", ", Campaign.Names)} (default: all)", HelpName = "NAME" };
        var at = new Option<string?>("--at") { Description = "Only this crash point: disk:N, step:N, effect:N, eio:N or enospc:N; more of them, after commas, for the lives that follow", HelpName = "POINT" };
        var every = new Option<int>("--every") { Description = "Only every Nth crash point; which ones depends on the seed", DefaultValueFactory = _ => 1, HelpName = "N" };
        var plant = new Option<string?>("--plant") { Description = $"Plant a known bug into the simulated ports, to see it found: {string.Join(", ", Campaign.Plants)}", HelpName = "BUG" };
        var planted = new Option<bool>("--planted") { Description = "Plant every known bug, one after another, and say which are found" };
        var command = new Command("simulate", "Crash simulated machines at every disk operation, every step and every effect, and check what they recover to.")
        {
            seeds, scenario, at, every, plant, planted,
        };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            if (parse.GetValue(planted))
            {
                return await HuntAsync(call, token);
            }

            var (from, to) = Range(parse.GetRequiredValue(seeds));
            var campaign = new Campaign(new(from, to)
            {
                Scenario = parse.GetValue(scenario), At = parse.GetValue(at), Every = parse.GetValue(every), Plant = parse.GetValue(plant),
            });
            var report = await Task.Run(() => campaign.Run(call.IsJson ? null : Progress, token), CancellationToken.None);
            Show(call, report);
            return token.IsCancellationRequested ? ExitCode.Interrupted : report.Failures.Count > 0 ? ExitCode.No : ExitCode.Ok;
        });
        return command;
    }

    private static async Task<int> HuntAsync(Invocation call, CancellationToken token)
    {
        var bugs = await Task.Run(() => PlantedBugs.Hunt(call.IsJson ? null : Say, token), CancellationToken.None);
        if (call.IsJson)
        {
            Output.Json(bugs, CliJson.Default.IReadOnlyListPlantedBug);
        }
        else
        {
            Output.Write($"{bugs.Count(b => b.Found)} of {Campaign.Plants.Count} planted bugs found");
        }

        return token.IsCancellationRequested ? ExitCode.Interrupted : bugs.All(b => b.Found) ? ExitCode.Ok : ExitCode.No;

        static void Say(PlantedBug bug)
        {
            Output.Write($"{bug.Name,-24} {(bug.Found ? "found" : "NOT FOUND")}");
            if (bug.Found)
            {
                Output.Line($"        {Safe.Line(bug.Finding!, 200)}");
                Output.Line($"        {bug.Command}");
            }
        }
    }

    private static (ulong From, ulong To) Range(string text)
    {
        var parts = text.Split("..");
        var style = NumberStyles.None;
        return parts.Length is 1 or 2
            && ulong.TryParse(parts[0], style, CultureInfo.InvariantCulture, out var from)
            && ulong.TryParse(parts[^1], style, CultureInfo.InvariantCulture, out var to)
            ? (from, to)
            : throw new CairnException($"--seeds {text}: give FIRST..LAST, for example 1..20.");
    }

    private static void Progress(string done, CampaignReport report) =>
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{done,-20} {report.Trials,7} jobs, {report.Failures.Count} failures, {report.RealSeconds:0} s"));

    private static void Show(Invocation call, CampaignReport report)
    {
        if (call.IsJson)
        {
            Output.Json(report, CliJson.Default.CampaignReport);
            return;
        }

        foreach (var failure in report.Failures)
        {
            Output.Write($"FAILED  seed {failure.Seed}, {failure.Scenario}, {failure.At ?? "no crash"}");
            foreach (var finding in failure.Findings)
            {
                Output.Line($"        {Safe.Line(finding, 600)}");
            }

            Output.Line($"        {failure.Command}");
        }

        var points = string.Join(", ", report.CrashPoints.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Value} {p.Key}")));
        Output.Write($"jobs         {report.Trials}, machines started {report.Lives} times");
        Output.Line($"crash points {(points.Length == 0 ? "none" : points)}");
        Output.Write($"time         {TimeSpan.FromSeconds(report.SimulatedSeconds).TotalDays:0.0} days simulated in {report.RealSeconds:0.0} s: {report.Compression:0} times as fast");
        Output.Write($"failures     {report.Failures.Count}");
    }
}
