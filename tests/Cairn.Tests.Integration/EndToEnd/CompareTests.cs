namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>`compare` and `replay --live` through the command line.</summary>
public sealed class CompareTests
{
    [Fact]
    public async Task A_fork_with_another_model_is_compared_with_the_run_that_it_left()
    {
        using var scene = await Scene.NewAsync();
        var one = scene.Model("one", Script.Turn("I look.", Script.Read("code.txt")), Script.Turn("I write.", Script.Write("new.txt", "one\n")), Script.Turn("", Script.Complete()));
        var two = scene.Model("two", Script.Turn("I look.", Script.Read("code.txt")), Script.Turn("I write.", Script.Write("new.txt", "two\n")), Script.Turn("", Script.Complete()));
        await scene.RunAsync(one, "--merge", "never");
        var first = await scene.IdAsync();
        await scene.CairnAsync("fork", first, "--at", "2", "--model", two, "--resume");
        var second = await scene.IdAsync();
        Assert.NotEqual(first, second);

        var text = await scene.CairnAsync("compare", first, second);
        Assert.Equal(1, text.ExitCode);
        text.Says("first difference: model, step 2");
        text.Says("file new.txt: added in 1, added in 2, not the same");
        Assert.Equal(0, (await scene.CairnAsync("compare", first, first)).ExitCode);
        Assert.Equal(2, (await scene.CairnAsync("compare", first, "nobody")).ExitCode);
    }

    [Fact]
    public async Task A_live_replay_runs_no_tool_tells_drift_by_its_exit_code_and_keeps_the_journal()
    {
        using var scene = await Scene.NewAsync();
        var turns = () => new[] { Script.Turn("I count.", Script.Shell("echo x >> count")), Script.Turn("", Script.Complete()) };
        await scene.RunAsync(scene.Model("one", turns()), "--merge", "auto");
        Assert.Equal("x\n", await File.ReadAllTextAsync(scene.In("count"), TestContext.Current.CancellationToken));
        var before = (await scene.EventsAsync()).Count;

        (await scene.CairnAsync("replay", "last", "--live")).Exits(0).Says("2 of 2 answers are the same");
        var longer = turns();
        longer[0]["text"] = "I count. And more.";
        var drift = await scene.CairnAsync("replay", "last", "--live", "--model", scene.Model("two", longer));
        Assert.Equal(1, drift.ExitCode);
        drift.Says("1 of 2 answers are the same, 1 drifted (1 in length)");
        var cut = await scene.CairnAsync("replay", "last", "--live", "--model", scene.Model("three", turns()[0]));
        Assert.Equal(1, cut.ExitCode);
        cut.Says("1 were not answered");
        Assert.Equal(1, (await scene.CairnAsync("replay", "last", "--live", "--budget-tokens", "1")).ExitCode);
        Assert.Equal("x\n", await File.ReadAllTextAsync(scene.In("count"), TestContext.Current.CancellationToken));
        Assert.Equal(before, (await scene.EventsAsync()).Count);
        Assert.Equal(2, (await scene.CairnAsync("replay", "last", "--live", "--verify")).ExitCode);
    }
}
