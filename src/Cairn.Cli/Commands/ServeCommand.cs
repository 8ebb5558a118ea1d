using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Cli.Commands;

/// <summary>What a daemon says when it is ready.</summary>
/// <param name="Socket">Path of its socket.</param>
/// <param name="Address">Its TCP address; null when it has none.</param>
/// <param name="Pid">Its process.</param>
/// <param name="Left">Interrupted runs that it cannot go on with.</param>
internal sealed record ServeReport(string Socket, string? Address, int Pid, IReadOnlyList<string> Left);

/// <summary>cairn serve: owns the state directory and drives its runs in the background.</summary>
internal static class ServeCommand
{
    public static Command Make()
    {
        var listen = new Option<string?>("--listen") { Description = "Serve a loopback TCP port as well; clients need the token in STATE/api-token", HelpName = "127.0.0.1:PORT" };
        var code = new Option<string[]>("--code") { Description = "A code agent that runs may belong to; may be given several times", HelpName = "DLL[:CLASS]" };
        var live = new Option<int>("--live-runs") { Description = "The most runs driven at once", DefaultValueFactory = _ => new DaemonLimits().LiveRuns, HelpName = "N" };
        var effects = new Option<int>("--active-effects") { Description = "The most model calls, tool calls and judges at once", DefaultValueFactory = _ => new DaemonLimits().ActiveEffects, HelpName = "N" };
        var gc = new Option<int?>("--gc-hours") { Description = "Collect the state directory every N hours, as `cairn gc` does", HelpName = "N" };
        var days = new Option<int?>("--keep-days") { Description = "Then remove ended runs that did not change for N days", HelpName = "N" };
        var last = new Option<int?>("--keep-last") { Description = "Then remove ended runs but the last N", HelpName = "N" };
        var command = new Command("serve", "Own the state directory: drive runs in the background, resume what was running, serve the local API.") { listen, code, live, effects, gc, days, last };
        Invocation.Bind(command, async (call, parse, token) =>
        {
            var options = new DaemonOptions(call.Options())
            {
                Listen = parse.GetValue(listen),
                Agents = [.. (parse.GetValue(code) ?? []).Select(CodeAgents.Load)],
                Collect = Plan(parse.GetValue(gc), parse.GetValue(days), parse.GetValue(last)),
                Limits = new DaemonLimits { LiveRuns = Math.Max(1, parse.GetValue(live)), ActiveEffects = Math.Max(1, parse.GetValue(effects)) },
            };
            await using var daemon = await CairnDaemon.StartAsync(options, token);
            Say(call, new ServeReport(daemon.Socket, daemon.Address?.ToString(), Environment.ProcessId, daemon.Left));
            try
            {
                await Task.Delay(Timeout.Infinite, token);
            }
            catch (OperationCanceledException)
            {
                // Asked to stop: runs are let go when the daemon is disposed, and the next one resumes them.
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static CollectionPlan? Plan(int? hours, int? days, int? last) => (hours, days, last) switch
    {
        (null, null, null) => null,
        (null, _, _) => throw new CairnException("--keep-days and --keep-last say what `--gc-hours N` keeps: give it too."),
        (< 1 or > 24 * 40, _, _) => throw new CairnException("--gc-hours takes 1 to 960 hours."),
        _ => new(TimeSpan.FromHours(hours.Value), new() { KeepDays = days, KeepLast = last }),
    };

    private static void Say(Invocation call, ServeReport report)
    {
        if (call.IsJson)
        {
            Output.Json(report, CliJson.Default.ServeReport);
            return;
        }

        Output.Write($"Serving {call.StateDirectory} at {report.Socket}{(report.Address is null ? "" : $" and {report.Address}")} (process {report.Pid}).");
        foreach (var left in report.Left)
        {
            Output.Line(Safe.Text(left));
        }
    }
}
