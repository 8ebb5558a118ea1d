using Cairn.Host;
using Cairn.Host.Simulation;
using Cairn.Kernel;

namespace Cairn.Tests.Simulation;

/// <summary>Somebody sets the machine's clock while runs live: within a process only elapsed time counts.</summary>
public sealed class ClockJumpTests
{
    private static readonly TimeSpan Wall = TimeSpan.FromHours(2);

    [Theory]
    [InlineData(72)]
    [InlineData(-72)]
    public void A_clock_that_is_set_while_a_run_lives_ends_no_wall_time_and_stops_no_tool(int hours)
    {
        var job = Job();
        job.Live(async process =>
        {
            var run = await StartAsync(process);
            var drive = process.Control.DriveAsync(run, null, new SetOnTool(process.Machine.Time, TimeSpan.FromHours(hours)), CancellationToken.None);
            var end = await drive;
            Assert.Equal((RunOutcome.Succeeded, 0), (end.Outcome, end.ErrorsInARow));
            var records = process.Services.Journal.Read(run);
            Assert.Equal(hours < 0, records[^1].At < records[0].At);
            Assert.True(ReplayVerifier.Verify(process.Services.Journal, process.Services.Blobs, run).Passed);
        });
        Assert.InRange(job.Machine.Time.Elapsed, TimeSpan.FromSeconds(1), Wall);
    }

    [Theory]
    [InlineData(48)]
    [InlineData(-48)]
    public void The_wall_time_ends_a_run_after_that_much_elapsed_time_whatever_the_clock_says(int hours)
    {
        var job = new SimulatedJob(1, ("work", [new(new ScriptedCall(KernelTools.AskHuman, """{"question":"Which colour?","options":[]}""")), SimulatedJob.Done]));
        job.Live(async process =>
        {
            var run = await StartAsync(process, TimeSpan.FromMinutes(3));
            process.Machine.Time.Set = TimeSpan.FromHours(hours / 2);
            var drive = process.Control.DriveAsync(run, null, new SetOnTool(process.Machine.Time, TimeSpan.FromHours(hours)), CancellationToken.None);
            process.Machine.Time.Set = TimeSpan.FromHours(hours);
            Assert.Equal(RunOutcome.OverBudget, (await drive).Outcome);
        });

        // A clock that was ahead when the process first met the run ends it at once; nothing makes it last longer.
        Assert.InRange(job.Machine.Time.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(3.1));
    }

    [Fact]
    public void After_a_restart_a_clock_that_was_set_back_gives_a_run_its_wall_time_once_and_no_more()
    {
        var job = Job(1000);
        job.Live(async process =>
        {
            var run = await StartAsync(process);
            using var stop = new RunStop();
            var drive = process.DriveAsync(run, null, stop);
            await Task.Delay(TimeSpan.FromMinutes(10), process.Time);
            stop.Request(StopKind.Abandon, "the process goes away");
            await drive;
        });
        job.Crash();
        job.Machine.Time.Set = TimeSpan.FromDays(-400);
        job.Live(async process =>
        {
            var run = RunId.Parse("rtest");
            var before = process.Machine.Time.Elapsed;
            await process.FinishAsync(run, null);
            Assert.Equal(RunOutcome.OverBudget, SimulatedJob.State(process, run).Outcome);
            Assert.InRange(process.Machine.Time.Elapsed - before, Wall - TimeSpan.FromMinutes(1), Wall + TimeSpan.FromMinutes(1));
        });
    }

    [Fact]
    public void After_a_restart_a_clock_that_was_set_forward_ends_a_run_whose_wall_time_it_says_is_over()
    {
        var job = Job();
        job.Live(StartAsync);
        job.Crash();
        job.Machine.Time.Set = TimeSpan.FromHours(3);
        job.Live(async process =>
        {
            await process.FinishAsync(RunId.Parse("rtest"), null);
            Assert.Equal(RunOutcome.OverBudget, SimulatedJob.State(process, RunId.Parse("rtest")).Outcome);
        });
    }

    private static SimulatedJob Job(int turns = 2) =>
        new(1, ("work", [.. Enumerable.Range(0, turns).Select(i => SimulatedJob.Append($"a {i}")), SimulatedJob.Done]));

    private static Task<RunId> StartAsync(SimulatedProcess process) => StartAsync(process, Wall);

    private static Task<RunId> StartAsync(SimulatedProcess process, TimeSpan wall) =>
        process.EnsureAsync("rtest", "work", r => r with { Merge = MergeMode.Never, Limits = new() { Wall = wall, Steps = 2000 } });

    /// <summary>Sets the clock when a tool begins.</summary>
    private sealed class SetOnTool(SimulatedTime time, TimeSpan by) : IRunObserver
    {
        public void Recorded(JournalRecord record)
        {
            if (record.Event is ToolCallStarted)
            {
                time.Set = by;
            }
        }

        public void ModelDelta(RunId run, ModelDelta delta)
        {
        }

        public void Output(RunId run, string text)
        {
        }
    }
}
