using Cairn.Kernel;

namespace Cairn.Tests.Kernel;

public sealed class RecoveryTests
{
    [Fact]
    public void After_a_crash_behind_any_record_exactly_the_unfinished_work_is_due_again()
    {
        var whole = new Scripted(Scripted.Spec(judge: new("true")))
            .Answer("read", "read", "write").Finish().Finish().Finish().FailModel(ModelErrorKind.Unavailable)
            .Answer("write", "complete").Finish().Finish().Judge(true);
        whole.Take<MergeChanges>();
        whole.Happen(new MergeFinished(MergeStatus.Merged, 1, "merged"));
        Assert.Equal(RunPhase.Ended, whole.State.Phase);

        for (var crash = 1; crash < whole.Journal.Count; crash++)
        {
            var state = Cairn.Kernel.Kernel.Apply(Cairn.Kernel.Kernel.Fold(whole.Journal.Take(crash)), new RunRecovered("test"));
            var due = Cairn.Kernel.Kernel.Decide(state);
            Assert.NotEmpty(due);
            var answered = whole.Journal.Take(crash).OfType<ModelCallFinished>().Select(e => e.Step).ToHashSet();
            var finished = whole.Journal.Take(crash).OfType<ToolCallFinished>().Select(e => e.Call).ToHashSet();
            Assert.DoesNotContain(due, c => c is AskModel ask && answered.Contains(ask.Step));
            Assert.DoesNotContain(due, c => c is RunTool run && finished.Contains(run.Call.Id));
            Assert.All(due.OfType<RunTool>(), run => Assert.Equal(state.Layer, run.Layer));
        }
    }

    [Fact]
    public void A_sandboxed_call_without_a_result_runs_again_from_the_layer_before_it()
    {
        var run = new Scripted(Scripted.Spec()).Answer("write", "write").Finish();
        var begun = run.Take<RunTool>();
        run.Happen(new RunRecovered("test"));
        var again = run.Take<RunTool>();
        Assert.Equal((begun.Call.Id, begun.Layer), (again.Call.Id, again.Layer));
        Assert.Equal("l1", again.Layer?.Value);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_effect_without_a_key_and_without_a_result_is_never_issued_again_without_a_human(bool again)
    {
        var run = new Scripted(Scripted.Spec()).Answer("deploy");
        run.Take<RunTool>();
        run.Happen(new RunRecovered("test"));
        Assert.Equal("unknown-effect", Assert.IsType<AskHuman>(Assert.Single(run.Open)).Kind);
        run.Decide(yes: again);
        Assert.Equal(again, run.Open.Any(c => c is RunTool));
        Assert.Equal(again ? 2 : 1, run.Journal.OfType<ToolCallStarted>().Count());
    }

    [Fact]
    public void A_keyed_effect_is_issued_again_under_the_same_call_id()
    {
        var run = new Scripted(Scripted.Spec()).Answer("keyed");
        var first = run.Take<RunTool>();
        run.Happen(new RunRecovered("test"));
        Assert.Equal(first.Call.Id, run.Take<RunTool>().Call.Id);
    }

    [Fact]
    public void A_question_keeps_its_id_over_a_crash()
    {
        var run = new Scripted(Scripted.Spec()).Answer("ask_human");
        var first = run.Take<AskHuman>();
        run.Happen(new RunRecovered("test"));
        Assert.Equal(first.Decision, run.Take<AskHuman>().Decision);
    }

    [Fact]
    public void Rollback_brings_files_and_conversation_back_but_not_what_was_spent()
    {
        var run = new Scripted(Scripted.Spec()).Answer("write").Finish().Answer("write").Finish();
        var spent = run.State.Spending.Usage;
        var back = Cairn.Kernel.Kernel.Apply(run.State, new RunRolledBack(CheckpointId.Parse("c1"), "test", false));
        Assert.Equal("l1", back.Layer?.Value);
        Assert.Single(back.History);
        Assert.Equal(spent, back.Spending.Usage);
        Assert.Equal(3, back.Checkpoints.Count);
        Assert.Empty(Cairn.Kernel.Kernel.Decide(back));
        var resumed = Cairn.Kernel.Kernel.Decide(Cairn.Kernel.Kernel.Apply(back, new RunRecovered("test")));
        Assert.Equal(2, Assert.IsType<AskModel>(Assert.Single(resumed)).Step);
    }

    [Fact]
    public void Rollback_into_the_middle_of_a_turn_goes_on_with_its_next_call()
    {
        var run = new Scripted(Scripted.Spec()).Answer("write", "write").Finish().Finish();
        var state = Cairn.Kernel.Kernel.Apply(run.State, new RunRolledBack(CheckpointId.Parse("c1"), "test", false));
        state = Cairn.Kernel.Kernel.Apply(state, new RunRecovered("test"));
        var due = Assert.IsType<RunTool>(Assert.Single(Cairn.Kernel.Kernel.Decide(state)));
        Assert.Equal("l1", due.Layer?.Value);
        Assert.StartsWith("1.2.", due.Call.Id.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fork_goes_on_with_its_own_model_and_an_empty_purse()
    {
        var run = new Scripted(Scripted.Spec()).Answer("write").Finish().Answer("complete").Finish();
        run.Take<MergeChanges>();
        var position = run.State.Checkpoints[1].Position;
        var past = Cairn.Kernel.Kernel.Fold(run.Journal.Take((int)position));
        var other = new ModelBinding("test:other", 50_000, 1_000, true);
        var fork = Cairn.Kernel.Kernel.Apply(past, new RunForked(RunId.Parse("r1"), position, default, other));
        var ask = Assert.IsType<AskModel>(Assert.Single(Cairn.Kernel.Kernel.Decide(fork)));
        Assert.Equal(("test:other", 2), (ask.Plan.Model.Id, ask.Step));
        Assert.Equal(0, fork.Spending.Usage.Total);
        Assert.Equal("l1", fork.Layer?.Value);
    }

    [Fact]
    public void A_paused_run_asks_for_nothing_and_a_cancelled_one_ends()
    {
        var run = new Scripted(Scripted.Spec()).Answer("write");
        Assert.Empty(Cairn.Kernel.Kernel.Decide(Cairn.Kernel.Kernel.Apply(run.State, new RunStopRequested(true, "x"))));
        run.Happen(new RunStopRequested(false, "enough"));
        Assert.Equal((RunOutcome.Cancelled, "enough"), (run.State.Outcome!.Value, run.State.Reason));
    }
}
