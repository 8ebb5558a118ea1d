using Cairn.Host;
using Cairn.Host.Simulation;

namespace Cairn.Tests.Simulation;

public sealed class OneDriverTests
{
    [Fact]
    public void A_run_that_is_at_work_is_not_driven_a_second_time_and_goes_on_undisturbed()
    {
        var machine = new SimulatedMachine(1, Plant.None);
        UserException? refused = null;
        RunOutcome? outcome = null;
        new SimulatedScheduler(1, machine.Time).Run(
            async () =>
            {
                using var process = new SimulatedProcess(machine, Scenarios.Find("rivals"), new Acknowledged());
                var run = await process.EnsureAsync("rtest", "work", r => r with { Merge = MergeMode.Never });
                var first = process.FinishAsync(run, null);
                refused = await Assert.ThrowsAsync<UserException>(() => process.FinishAsync(run, null));
                await first;
                await process.FinishAsync(run, null);
                outcome = RunHistory.State(process.Services.Journal, run).Outcome;
            },
            () => false);
        Assert.Contains("at work already", refused!.Message, StringComparison.Ordinal);
        Assert.Equal(RunOutcome.Succeeded, outcome);
    }
}
