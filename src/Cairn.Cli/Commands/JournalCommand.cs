using System.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Host;

namespace Cairn.Cli.Commands;

/// <summary>cairn journal: checks the journal on disk, and takes it out.</summary>
internal static class JournalCommand
{
    public static Command Make()
    {
        var verify = new Command("verify", "Check every record, body and chain on disk; name what is damaged.");
        Invocation.Bind(verify, (call, _, _) =>
        {
            var findings = JournalAccess.Verify(call.StateDirectory);
            if (call.IsJson)
            {
                call.WriteJson(findings, CliJson.Default.IReadOnlyListString);
            }
            else
            {
                foreach (var finding in findings)
                {
                    call.WriteLine(Safe.Text(finding));
                }

                call.WriteLine(findings.Count == 0 ? "The journal is whole." : $"{findings.Count} findings.");
            }

            return Task.FromResult(findings.Count == 0 ? ExitCode.Ok : ExitCode.No);
        });

        var run = new Option<string?>("--run") { Description = "Only this run", HelpName = "RUN" };
        var export = new Command("export", "Write the journal as JSON lines.") { run };
        Invocation.Bind(export, (call, parse, _) =>
        {
            using var output = Console.OpenStandardOutput();
            JournalAccess.Export(call.StateDirectory, parse.GetValue(run), output);
            return Task.FromResult(ExitCode.Ok);
        });
        return new Command("journal", "Check the journal, or take it out.") { verify, export };
    }
}
