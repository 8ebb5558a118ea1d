using System.CommandLine;
using System.Globalization;
using Cairn.Cli.Terminal;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>cairn gc: gives back the disk space of what nothing reaches, and of runs that need not be kept.</summary>
internal static class GcCommand
{
    public static Command Make()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Change nothing, only say what would go" };
        var days = new Option<int?>("--keep-days") { Description = "Remove ended runs that did not change for N days", HelpName = "N" };
        var last = new Option<int?>("--keep-last") { Description = "Remove ended runs but the last N (with --keep-days: what either keeps stays)", HelpName = "N" };
        var command = new Command("gc", "Give back the disk space of what nothing reaches any more. Without --keep options only runs go whose own `--keep-days` are over.") { dryRun, days, last };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            await using var cairn = call.Open();
            var request = new CollectionRequest { DryRun = parse.GetValue(dryRun), KeepDays = parse.GetValue(days), KeepLast = parse.GetValue(last) };
            using var progress = new ProgressLine(show: !call.IsJson && !Console.IsErrorRedirected);
            var report = await cairn.CollectAsync(request, progress, token);
            progress.Dispose();
            if (call.IsJson)
            {
                Output.Json(report, CliJson.Default.CollectionReport);
            }
            else
            {
                Write(report);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static void Write(CollectionReport report)
    {
        foreach (var run in report.Runs)
        {
            Output.Write($"{(report.DryRun ? "would remove" : "removed")} run {run}");
        }

        Output.Write($"{report.Runs.Count} runs with {report.Records} records, {report.Bodies} bodies, {report.Layers} layers, {report.Squashes} derived trees, {report.LeftOvers} left-overs");
        Output.Write($"{(report.DryRun ? "Would give back" : "Gave back")} {Size(report.Bytes)}: journal {Size(report.JournalBytes)}, bodies {Size(report.BodyBytes)}, layers {Size(report.LayerBytes)}.");
    }

    private static string Size(long bytes) => bytes switch
    {
        < 10 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"),
        < 10 * 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:F1} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:F1} MiB"),
    };
}
