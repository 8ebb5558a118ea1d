using Cairn.Host;
using Cairn.Host.Simulation;

namespace Cairn.Tests.Simulation;

/// <summary>The short, deterministic form of `cairn simulate`.</summary>
public sealed class CrashEverywhereTests
{
    [Theory]
    [InlineData("single", 6)]
    [InlineData("crowd", 300)]
    [InlineData("fork", 11)]
    [InlineData("rollback", 11)]
    [InlineData("merge", 4)]
    [InlineData("human", 5)]
    [InlineData("code", 5)]
    [InlineData("computing", 8)]
    [InlineData("rivals", 5)]
    [InlineData("children", 23)]
    [InlineData("cancel", 3)]
    [InlineData("gc", 23)]
    public void A_job_that_crashes_anywhere_ends_as_if_it_had_not(string scenario, int every)
    {
        var report = new Campaign(new(7, 7) { Scenario = scenario, Every = every }).Run(null, TestContext.Current.CancellationToken);
        Assert.Empty(report.Failures.Select(f => $"{f.Command}: {string.Join("; ", f.Findings)}"));
        Assert.Equal(["disk", "effect", "eio", "enospc", "step"], report.CrashPoints.Keys.Order());
        Assert.True(report.Lives > report.Trials, "no machine was ever started again");
    }

    [Fact]
    public void Every_scenario_is_played_here()
    {
        var played = typeof(CrashEverywhereTests).GetMethod(nameof(A_job_that_crashes_anywhere_ends_as_if_it_had_not))!
            .GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>().Select(a => (string)a.Data[0]!);
        Assert.Equal(Campaign.Names.Order(), played.Order());
    }

    [Theory]
    [InlineData("step:33")]
    [InlineData("disk:20")]
    [InlineData("effect:9")]
    [InlineData("eio:12")]
    public void The_same_seed_and_crash_point_give_the_same_history(string at)
    {
        Assert.Equal(History(at), History(at));
    }

    [Fact]
    public void Another_seed_gives_another_history()
    {
        Assert.NotEqual(History("step:33", 5), History("step:33", 6));
    }

    [Fact]
    public void What_does_not_exist_is_refused_with_what_does()
    {
        Assert.Contains("single", Assert.Throws<UserException>(() => new Campaign(new(1, 1) { Scenario = "no" })).Message, StringComparison.Ordinal);
        Assert.Contains("SyncSkipped", Assert.Throws<UserException>(() => new Campaign(new(1, 1) { Plant = "no" })).Message, StringComparison.Ordinal);
        Assert.Contains("disk:N", Assert.Throws<UserException>(() => new Campaign(new(1, 1) { At = "no:1" })).Message, StringComparison.Ordinal);
        Assert.Throws<UserException>(() => new Campaign(new(2, 1)));
    }

    private static string History(string at, ulong seed = 5)
    {
        var trial = new Trial(Scenarios.Find("single"), seed, Plant.None, [CrashPoint.Parse(at)], null);
        var result = trial.Run();
        Assert.Empty(result.Findings);
        return $"{result.Simulated} {result.Lives} {result.DiskOperations} {result.Steps} {result.Effects} {trial.Finished!.Chain}";
    }
}
