using System.CommandLine;
using System.Globalization;
using Cairn.Cli.Terminal;
using Cairn.Host;

namespace Cairn.Cli.Commands;

/// <summary>What this machine can do.</summary>
/// <param name="Ready">Agents can run: everything essential works.</param>
/// <param name="Facts">What was checked.</param>
internal sealed record DoctorReport(bool Ready, IReadOnlyList<DoctorFact> Facts);

/// <summary>cairn doctor: what this machine can do, and the mend for what it cannot.</summary>
internal static class DoctorCommand
{
    public static Command Make()
    {
        var command = new Command("doctor", "Show what this machine can do, and the mend for what it cannot.");
        Invocation.Bind(command, async (call, _, token) =>
        {
            var facts = await Doctor.ExamineAsync(
                new HostOptions(call.StateDirectory, new TerminalHuman(false), Environment.GetEnvironmentVariable), token);
            var ready = facts.All(f => f.Ok || !f.Essential);
            if (call.IsJson)
            {
                call.WriteJson(new DoctorReport(ready, facts), CliJson.Default.DoctorReport);
                return ready ? ExitCode.Ok : ExitCode.No;
            }

            foreach (var group in facts.GroupBy(f => f.Area))
            {
                call.WriteLine(group.Key);
                foreach (var fact in group)
                {
                    call.Write($"  {(fact.Ok ? "ok" : fact.Essential ? "MISSING" : "-"),-8}{fact.Name,-24} {Safe.Line(fact.Detail, 300)}");
                }
            }

            call.WriteLine("");
            call.WriteLine(ready ? "Agents can run here." : "Agents cannot run here: mend what is MISSING.");
            return ready ? ExitCode.Ok : ExitCode.No;
        });
        return command;
    }
}
