using Cairn.Cli.Drills;

namespace Cairn.Tests.Integration.Cli;

/// <summary>The short form of `cairn drill`: real processes, real disk, real sandboxes, SIGKILL.</summary>
public sealed class KillDrillTests
{
    [Fact]
    public async Task Jobs_whose_processes_are_killed_end_as_if_they_had_been_left_alone()
    {
        var scratch = Directory.CreateTempSubdirectory("cairn-drill-").FullName;
        try
        {
            var report = await new KillDrill(KillDrill.Program(), scratch, 3, TestContext.Current.SendDiagnosticMessage)
                .RunAsync(6, TestContext.Current.CancellationToken);
            Assert.Empty(report.Problems);
            Assert.InRange(report.Kills, 6, 100);
            Assert.InRange(report.Jobs, 1, 6);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }
}
