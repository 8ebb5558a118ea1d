using Cairn.Host;
using Cairn.Host.Simulation;
using Cairn.Kernel;

namespace Cairn.Tests.Simulation;

/// <summary>What pausing and cancelling leave behind.</summary>
public sealed class StoppedRunTests
{
    [Fact]
    public void What_a_model_had_said_when_it_was_stopped_is_kept_and_shown()
    {
        var job = new SimulatedJob(3, ("work", [SimulatedJob.Append("a 1"), SimulatedJob.Done]));
        job.Live(async process =>
        {
            var run = await process.EnsureAsync("rtest", "work", r => r with { Merge = MergeMode.Never });
            using var stop = new RunStop();
            await process.Control.DriveAsync(run, null, new StopOnText(stop), stop);
            var cut = Assert.Single(process.Events(run).OfType<ModelCallCutOff>());
            Assert.Equal("turn 1", process.Services.Blobs.GetText(cut.Text));
            Assert.Equal(0, SimulatedJob.State(process, run).Spending.ReservedTokens);
            var viewer = new RunViewer(process.Services.Journal, process.Services.Blobs, process.Services.Layers);
            Assert.Contains(viewer.Log(run), entry => entry.Text.EndsWith(": turn 1", StringComparison.Ordinal));
            Assert.Equal("turn 1", viewer.Show(run, "end").CutOff);
            await process.FinishAsync(run, null);
            Assert.Equal(RunOutcome.Succeeded, SimulatedJob.State(process, run).Outcome);
            Assert.Null(viewer.Show(run, "end").CutOff);
            Assert.True(ReplayVerifier.Verify(process.Services.Journal, process.Services.Blobs, run).Passed);
        });
    }

    [Fact]
    public void Cancelling_a_paused_run_ends_the_paused_runs_below_it()
    {
        var job = new SimulatedJob(1, [.. SimulatedParent.Children.Select(name => (name, new[] { SimulatedJob.Append($"{name} 1"), SimulatedJob.Done }))]);
        job.Live(async process =>
        {
            var agent = new SimulatedParent();
            var run = await process.EnsureAsync("rparent", null, r => r with { Merge = MergeMode.Never, Code = agent });
            using var stop = new RunStop();
            await process.Control.DriveAsync(run, agent, new StopOnText(stop), stop);
            var child = Assert.Single(ChildRuns.Of(process.Services.Journal, process.Services.Blobs, run));
            Assert.Equal((StopState.Paused, StopState.Paused), (SimulatedJob.State(process, run).Stop, SimulatedJob.State(process, child).Stop));
            await process.Control.StopAsync(run, pause: false, "enough", CancellationToken.None);
            Assert.Equal((RunOutcome.Cancelled, RunOutcome.Cancelled), (SimulatedJob.State(process, run).Outcome, SimulatedJob.State(process, child).Outcome));
        });
    }

    [Fact]
    public void A_merge_that_a_crash_cut_off_is_finished_before_its_run_is_cancelled()
    {
        var job = new SimulatedJob(1, ("work", [new(ScriptedCall.Of("append", "a 1"), ScriptedCall.Of("append", "b 1")), SimulatedJob.Done]));
        job.Machine.Arm(new CrashPoint(CrashKind.Effect, 9));
        Assert.ThrowsAny<Exception>(() => job.Live(async process =>
            await process.FinishAsync(await process.EnsureAsync("rtest", "work", r => r with { Merge = MergeMode.Auto }), null)));
        job.Crash();
        job.Machine.Arm(null);
        job.Live(async process =>
        {
            var run = RunId.Parse("rtest");
            Assert.IsType<MergeStarted>(process.Events(run)[^1]);
            await process.Control.StopAsync(run, pause: false, "enough", CancellationToken.None);
            var end = SimulatedJob.State(process, run);
            Assert.Equal((RunOutcome.Cancelled, MergeStatus.Merged), (end.Outcome, end.Merged));
            Assert.Equal(["a", "b"], process.Machine.Files.Repository.Keys);
        });
    }

    [Fact]
    public void The_question_about_an_unknown_effect_names_its_run()
    {
        var job = new SimulatedJob(1, ("work", [new(ScriptedCall.Of("notify", "two")), SimulatedJob.Done]));
        job.Machine.Arm(new CrashPoint(CrashKind.Effect, 1));
        Assert.ThrowsAny<Exception>(() => job.Live(async process =>
            await process.FinishAsync(await process.EnsureAsync("rtest", "work", r => r with { Merge = MergeMode.Never }), null)));
        job.Crash();
        job.Machine.Arm(null);
        job.Live(async process =>
        {
            await process.FinishAsync(RunId.Parse("rtest"), null);
            var asked = Assert.Single(process.Events("rtest").OfType<DecisionRequested>());
            Assert.Contains("notify of run rtest", process.Services.Blobs.GetText(asked.Question), StringComparison.Ordinal);
        });
    }

    /// <summary>Pauses as soon as a model begins to speak.</summary>
    private sealed class StopOnText(RunStop stop) : IRunObserver
    {
        public void Recorded(JournalRecord record)
        {
        }

        public void ModelDelta(RunId run, ModelDelta delta) => stop.Request(StopKind.Pause, "stopped");

        public void Output(RunId run, string text)
        {
        }
    }
}
