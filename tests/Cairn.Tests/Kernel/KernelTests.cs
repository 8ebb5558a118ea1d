using Cairn.Kernel;

namespace Cairn.Tests.Kernel;

public sealed class KernelTests
{
    [Fact]
    public void A_new_run_asks_the_model_for_step_1()
    {
        var run = new Scripted(Scripted.Spec());
        var ask = Assert.IsType<AskModel>(Assert.Single(run.Open));
        Assert.Equal((1, 1), (ask.Step, ask.Attempt));
        Assert.Equal("c0", run.State.Checkpoints[0].Id.Value);
    }

    [Fact]
    public void Reading_calls_run_together_and_a_changing_call_runs_alone()
    {
        var run = new Scripted(Scripted.Spec()).Answer("read", "read", "write", "read");
        Assert.Equal(["read", "read"], run.Open.Cast<RunTool>().Select(c => c.Call.Tool));
        run.Finish().Finish();
        Assert.Equal(["write"], run.Open.Cast<RunTool>().Select(c => c.Call.Tool));
        run.Finish();
        Assert.Equal(["read"], run.Open.Cast<RunTool>().Select(c => c.Call.Tool));
        run.Finish();
        Assert.IsType<AskModel>(Assert.Single(run.Open));
    }

    [Fact]
    public void At_most_eight_reading_calls_run_at_once()
    {
        var run = new Scripted(Scripted.Spec()).Answer([.. Enumerable.Repeat("read", 20)]);
        Assert.Equal(8, run.Open.Count);
        run.Finish();
        Assert.Equal(8, run.Open.Count);
    }

    [Fact]
    public void An_invalid_call_is_answered_and_never_executed()
    {
        var run = new Scripted(Scripted.Spec()).Answer("write!", "read");
        Assert.Equal(["read"], run.Open.Cast<RunTool>().Select(c => c.Call.Tool));
        run.Finish();
        var turn = run.State.History[0].Turn!;
        Assert.Equal(ToolStatus.Invalid, turn.Calls[0].Status);
        Assert.DoesNotContain(run.Journal.OfType<ToolCallStarted>(), s => s.Tool == "write");
    }

    [Fact]
    public void Every_change_makes_a_checkpoint_with_its_layer()
    {
        var run = new Scripted(Scripted.Spec()).Answer("write", "write").Finish().Finish();
        Assert.Equal(["c0", "c1", "c2"], run.State.Checkpoints.Select(c => c.Id.Value));
        Assert.Equal([null, "l1", "l2"], run.State.Checkpoints.Select(c => c.Layer?.Value));
    }

    [Fact]
    public void Nothing_is_merged_before_the_judge_accepts()
    {
        var run = new Scripted(Scripted.Spec(judge: new("true"))).Answer("write", "complete").Finish().Finish();
        Assert.IsType<RunJudge>(Assert.Single(run.Open));
        run.Judge(passed: false);
        Assert.IsType<AskModel>(Assert.Single(run.Open));
        Assert.Equal("judge", run.State.History[^1].Note!.Source);
        run.Answer("complete").Finish().Judge(passed: true);
        Assert.IsType<MergeChanges>(Assert.Single(run.Open));
    }

    [Fact]
    public void A_judge_that_never_accepts_ends_the_run_as_rejected()
    {
        var run = new Scripted(Scripted.Spec(limits: new() { JudgeRounds = 2 }, judge: new("false")));
        run.Answer("write", "complete").Finish().Finish().Judge(false).Answer("complete").Finish().Judge(false);
        Assert.Equal(RunOutcome.Rejected, run.State.Outcome);
        Assert.DoesNotContain(run.Journal, e => e is MergeStarted);
    }

    [Theory]
    [InlineData(MergeMode.Never, false)]
    [InlineData(MergeMode.Ask, true)]
    public void The_merge_mode_decides_who_is_asked(MergeMode mode, bool asks)
    {
        var run = new Scripted(Scripted.Spec(merge: mode)).Answer("write", "complete").Finish().Finish();
        Assert.Equal(asks, run.Open.Any(c => c is AskHuman { Kind: "merge" }));
        if (asks)
        {
            run.Decide(yes: false);
        }

        Assert.Equal(RunPhase.Ended, run.State.Phase);
        Assert.Equal(RunOutcome.Succeeded, run.State.Outcome);
        Assert.DoesNotContain(run.Journal, e => e is MergeStarted);
    }

    [Fact]
    public void A_model_that_only_talks_is_reminded_once_and_then_believed()
    {
        var run = new Scripted(Scripted.Spec()).Answer();
        Assert.IsType<AskModel>(Assert.Single(run.Open));
        run.Answer();
        Assert.Equal(RunOutcome.Succeeded, run.State.Outcome);
    }

    [Fact]
    public void Failures_that_may_pass_are_retried_no_sooner_than_the_provider_asked()
    {
        var run = new Scripted(Scripted.Spec()).FailModel(ModelErrorKind.RateLimited, TimeSpan.FromSeconds(20));
        var again = Assert.IsType<AskModel>(Assert.Single(run.Open));
        Assert.Equal((1, 2), (again.Step, again.Attempt));
        Assert.True(again.Delay >= TimeSpan.FromSeconds(20));
        run.FailModel(ModelErrorKind.BrokenStream);
        var third = Assert.IsType<AskModel>(Assert.Single(run.Open));
        Assert.InRange(third.Delay, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData(ModelErrorKind.Unauthorized)]
    [InlineData(ModelErrorKind.UnknownModel)]
    [InlineData(ModelErrorKind.Invalid)]
    public void Failures_that_stay_end_the_run(ModelErrorKind kind)
    {
        var run = new Scripted(Scripted.Spec()).FailModel(kind);
        Assert.Equal(RunOutcome.Failed, run.State.Outcome);
        Assert.Equal("no", run.State.Reason);
    }

    [Fact]
    public void Attempts_are_bounded()
    {
        var run = new Scripted(Scripted.Spec(limits: new() { Attempts = 3 }));
        run.FailModel(ModelErrorKind.Unavailable).FailModel(ModelErrorKind.Unavailable).FailModel(ModelErrorKind.Unavailable);
        Assert.Equal(RunOutcome.Failed, run.State.Outcome);
    }

    [Fact]
    public void A_human_is_asked_by_a_tool_call_and_the_answer_is_its_result()
    {
        var run = new Scripted(Scripted.Spec()).Answer("ask_human");
        Assert.IsType<AskHuman>(Assert.Single(run.Open));
        run.Decide(yes: false);
        Assert.Equal(run.Put("answer"), run.State.History[0].Turn!.Calls[0].Result);
        Assert.IsType<AskModel>(Assert.Single(run.Open));
    }

    [Fact]
    public void An_event_that_cannot_follow_is_refused()
    {
        var run = new Scripted(Scripted.Spec()).Answer("write");
        Assert.Throws<JournalMeaningException>(() => Cairn.Kernel.Kernel.Apply(run.State, Scripted.Spec()));
        Assert.Throws<JournalMeaningException>(() => Cairn.Kernel.Kernel.Apply(RunState.New, run.Journal[1]));
        Assert.Throws<JournalMeaningException>(() => Cairn.Kernel.Kernel.Apply(run.State, run.Journal[1]));
        run.Finish();
        var finished = run.Journal.OfType<ToolCallFinished>().Single();
        Assert.Throws<JournalMeaningException>(() => Cairn.Kernel.Kernel.Apply(run.State, finished));
    }

    [Fact]
    public void Nothing_but_rollback_fork_and_merge_follows_the_end()
    {
        var run = new Scripted(Scripted.Spec()).Answer("complete").Finish();
        Assert.Equal(RunPhase.Ended, run.State.Phase);
        Assert.Throws<JournalMeaningException>(() => Cairn.Kernel.Kernel.Apply(run.State, new CheckpointTaken("late")));
        Assert.Equal(StopState.Paused, Cairn.Kernel.Kernel.Apply(run.State, new RunRolledBack(CheckpointId.Parse("c0"), "x", false)).Stop);
    }

    [Fact]
    public void Equal_journals_give_equal_hashes_and_any_other_event_another()
    {
        static Scripted Make() => new Scripted(Scripted.Spec()).Answer("write", "read").Finish().Finish().Answer("read");
        var (a, b) = (Make(), Make());
        Assert.Equal(Cairn.Kernel.Kernel.Hash(a.State), Cairn.Kernel.Kernel.Hash(b.State));
        Assert.Equal(Cairn.Kernel.Kernel.Hash(a.State), Cairn.Kernel.Kernel.Hash(Cairn.Kernel.Kernel.Fold(a.Journal)));
        a.Finish(tokens: 20);
        b.Finish(tokens: 21);
        Assert.NotEqual(Cairn.Kernel.Kernel.Hash(a.State), Cairn.Kernel.Kernel.Hash(b.State));
    }

    [Fact]
    public void A_code_agent_s_calls_are_steps_and_its_end_is_judged()
    {
        var run = new Scripted(Scripted.Spec(kind: AgentKind.Code, judge: new("true")));
        Assert.Empty(run.Open);
        run.Happen(new AgentCalled("write", run.Put("{}"), default)).Finish();
        Assert.Equal((1, RunPhase.Agent), (run.State.Step, run.State.Phase));
        run.Happen(new AgentFinished(true, "done"));
        Assert.IsType<RunJudge>(Assert.Single(run.Open));
        run.Judge(passed: false);
        Assert.Equal(RunOutcome.Rejected, run.State.Outcome);
    }
}
