using Cairn.Host;
using Cairn.Sdk;
using Cairn.Storage;

namespace Cairn.Tests.Replay;

public sealed class RunComparerTests : IDisposable
{
    private readonly StateStore _store = ScriptedRun.NewStore(new SimulatedDisk(1));
    private readonly FakeLayers _layers = new FakeLayers().With("la", ("a.txt", "one")).With("lb", ("a.txt", "two"), ("b.txt", "new")).With("lc", ("a.txt", "one"));

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Two_runs_that_did_the_same_have_no_difference_although_they_share_no_past()
    {
        var view = Compare(Whole("one"), Whole("two", layer: "lc"));
        Assert.True(view.Same);
        Assert.Equal((0, 2), (view.CommonRecords, view.CommonSteps));
        Assert.Equal(3, view.Steps.Length);
    }

    [Fact]
    public void The_order_in_which_reading_calls_end_is_no_difference()
    {
        var a = Reads("one").Finish("A").Finish("B").Answer("done", ("complete", "{}")).Finish("ok");
        var b = Reads("two").Finish("B", last: true).Finish("A").Answer("done", ("complete", "{}")).Finish("ok");
        Assert.True(Compare(a, b).Same);
        ScriptedRun Reads(string id) => ScriptedRun.Start(_store, id).Answer("look", ("read", """{"path":"a"}"""), ("read", """{"path":"b"}"""));
    }

    [Fact]
    public void A_fork_shares_records_and_parts_with_its_model()
    {
        var a = Whole("one");
        var at = Positions.Find(RunHistory.Events(_store.Journal, a.Run), "2");
        var b = a.Fork("two", at, "test:other").Answer("I give up", ("complete", "{}")).Finish("ok").Merge();
        var view = Compare(a, b);
        Assert.Equal((at, 1), (view.CommonRecords, view.CommonSteps));
        Assert.Equal((2, "model", "test:one", "test:other"), (view.Difference!.Step, view.Difference.What, view.Difference.FirstText, view.Difference.SecondText));
        Assert.Equal(["model", "prompt", "answer"], view.Steps[2].Differs);
    }

    [Theory]
    [InlineData("answer", "fixed it", """{"text":"x"}""", "written", ToolStatus.Ok)]
    [InlineData("arguments", "fix it", """{"text":"y"}""", "written", ToolStatus.Ok)]
    [InlineData("status", "fix it", """{"text":"x"}""", "written", ToolStatus.Failed)]
    [InlineData("result", "fix it", """{"text":"x"}""", "written twice", ToolStatus.Ok)]
    public void The_first_difference_is_named_by_step_record_and_kind(string what, string text, string arguments, string result, ToolStatus status)
    {
        var a = ScriptedRun.Start(_store, "one").Answer("fix it", ("write", """{ "text": "x" }""")).Finish("written", layer: "la");
        var b = ScriptedRun.Start(_store, "two").Answer(text, ("write", arguments)).Finish(result, status, layer: "la");
        var difference = Compare(a, b).Difference!;
        Assert.Equal((1, what), (difference.Step, difference.What));
        var record = RunHistory.Events(_store.Journal, a.Run)[(int)difference.FirstRecord!];
        Assert.IsType(what is "answer" or "arguments" ? typeof(ModelCallFinished) : typeof(ToolCallFinished), record);
        Assert.Equal(difference.FirstRecord, difference.SecondRecord);
    }

    [Fact]
    public void Another_task_differs_at_the_start_and_a_prompt_is_told_by_its_message()
    {
        var a = ScriptedRun.Start(_store, "one").Answer("hello");
        var b = ScriptedRun.Start(_store, "two", "fix the tests").Answer("hello");
        var view = Compare(a, b);
        Assert.Equal((0, "task", 0L), (view.Difference!.Step, view.Difference.What, view.Difference.FirstRecord));
        Assert.Contains("from character 12", view.Difference.Detail, StringComparison.Ordinal);
        Assert.Contains("prompt", view.Steps[1].Differs);
    }

    [Fact]
    public void A_verdict_an_outcome_and_the_files_are_compared()
    {
        var a = Judged("one", "la").Judge(true).Merge();
        var b = Judged("two", "lb").Judge(false);
        var view = Compare(a, b);
        Assert.Equal(("verdict", "accepted", "not accepted"), (view.Difference!.What, view.Difference.FirstText, view.Difference.SecondText));
        Assert.Equal(["a.txt", "b.txt"], view.Files.Select(f => f.Path));
        Assert.Null(view.Files[1].First);
        ScriptedRun Judged(string id, string layer) => ScriptedRun.Start(_store, id, judge: new("true"))
            .Answer("fix", ("write", "{}"), ("complete", "{}")).Finish("written", layer: layer).Finish("ok");
    }

    [Fact]
    public void A_run_that_is_a_beginning_of_another_is_not_the_same()
    {
        var a = Whole("one");
        var b = ScriptedRun.Start(_store, "two").Answer("fix", ("write", "{}")).Finish("written", layer: "la");
        foreach (var view in (ComparisonView[])[Compare(a, b), Compare(b, a)])
        {
            Assert.Equal((2, "answer"), (view.Difference!.Step, view.Difference.What));
            Assert.Contains("ends before this", view.Difference.Detail, StringComparison.Ordinal);
            Assert.False(view.Same);
        }
    }

    [Fact]
    public void A_retry_a_crash_and_a_recovery_are_no_difference_but_attempts_are_counted()
    {
        var a = Whole("one");
        var b = ScriptedRun.Start(_store, "two").FailModel(ModelErrorKind.Unavailable).Happen(new RunRecovered("resume"))
            .Answer("fix", ("write", "{}")).Finish("written", layer: "la").Answer("done", ("complete", "{}")).Finish("ok").Merge();
        var view = Compare(a, b);
        Assert.True(view.Same, view.Difference?.ToString());
        Assert.Equal((1, 3), (view.Steps[1].First!.Attempts, view.Steps[1].Second!.Attempts));
    }

    [Fact]
    public void A_rollback_is_a_difference_and_the_steps_after_it_are_steps_of_their_own()
    {
        var a = Whole("one");
        var b = ScriptedRun.Start(_store, "two").Answer("fix", ("write", "{}")).Finish("written", layer: "lb")
            .Happen(new RunRolledBack(CheckpointId.Parse("c0"), "again", true))
            .Answer("fix", ("write", "{}")).Finish("written", layer: "la");
        var view = Compare(a, b);
        Assert.Contains("rollback", view.Steps.SelectMany(s => s.Differs));
        Assert.Equal([0, 1, 2, 1, 2], view.Steps.Where(s => s.Second is not null).Select(s => s.Second!.Step));
    }

    [Fact]
    public void Code_agents_are_compared_by_their_calls()
    {
        var a = ScriptedRun.Start(_store, "one", kind: AgentKind.Code).Calls("read", """{"a":1,"b":2}""").Finish("text").Calls("read", "{}").Finish("text");
        var b = ScriptedRun.Start(_store, "two", kind: AgentKind.Code).Calls("read", """{"b":2,"a":1}""").Finish("text").Calls("write", "{}").Finish("text");
        var view = Compare(a, b);
        Assert.Equal((2, "tool calls"), (view.Difference!.Step, view.Difference.What));
    }

    private ScriptedRun Whole(string id, string layer = "la") => ScriptedRun.Start(_store, id)
        .Answer("fix", ("write", "{}")).Finish("written", layer: layer).Answer("done", ("complete", "{}")).Finish("ok").Merge();

    private ComparisonView Compare(ScriptedRun a, ScriptedRun b)
    {
        var viewer = new RunViewer(_store.Journal, _store.Blobs, _layers);
        var heads = _store.Journal.Runs();
        return new RunComparer(_store.Journal, _store.Blobs, _layers).Compare(
            viewer.Summary(heads.First(h => h.Run == a.Run), false), viewer.Summary(heads.First(h => h.Run == b.Run), false));
    }
}
