using System.Reflection;
using System.Runtime.CompilerServices;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Tests.Host;

public sealed class RetentionPolicyTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 31, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Without_a_rule_no_run_goes() => Assert.Empty(Going(new(), Run("a", 1), Run("b", 2)));

    [Fact]
    public void Ended_runs_beyond_the_last_few_go()
    {
        Assert.Equal(["a", "b"], Going(new() { KeepLast = 1 }, Run("a", 3), Run("b", 2), Run("c", 1)));
        Assert.Equal(["a", "b", "c"], Going(new() { KeepLast = 0 }, Run("a", 3), Run("b", 2), Run("c", 1)));
    }

    [Fact]
    public void Ended_runs_older_than_some_days_go_and_what_either_rule_keeps_stays()
    {
        Assert.Equal(["a"], Going(new() { KeepDays = 5 }, Run("a", 6), Run("b", 4)));
        Assert.Equal(["a"], Going(new() { KeepDays = 5, KeepLast = 2 }, Run("a", 9), Run("b", 8), Run("c", 7)));
        Assert.Empty(Going(new() { KeepDays = 10, KeepLast = 0 }, Run("a", 9)));
    }

    [Fact]
    public void An_open_run_never_goes_and_does_not_count_among_the_last() =>
        Assert.Equal(["a"], Going(new() { KeepLast = 1 }, Run("a", 9), Run("b", 8), Run("open", 1, ended: false)));

    [Fact]
    public void What_was_said_when_a_run_was_started_goes_before_the_rules_of_who_collects()
    {
        Assert.Equal(["a"], Going(new(), Run("a", 9, keep: 8), Run("b", 7, keep: 8), Run("c", 99)));
        Assert.Equal(["c"], Going(new() { KeepLast = 0 }, Run("a", 9, keep: 30), Run("c", 1)));
        Assert.Equal(["a"], Going(new() { KeepLast = 2 }, Run("a", 1, keep: 0), Run("b", 2), Run("c", 3)));
        Assert.Empty(Going(new(), Run("open", 9, ended: false, keep: 0)));
    }

    [Fact]
    public void It_holds_for_children_and_forks_too()
    {
        Assert.Equal(["child", "fork", "parent"], Going(new(), Run("parent", 9, keep: 8), Run("child", 9, parent: "parent"), Run("fork", 9, source: "parent"), Run("other", 9)));
        Assert.Empty(Going(new() { KeepDays = 0 }, Run("parent", 9, keep: 10), Run("fork", 9, source: "parent")));
    }

    [Fact]
    public void The_past_of_a_kept_fork_stays_through_forks_of_forks() =>
        Assert.Equal(["d"], Going(new() { KeepLast = 1 }, Run("a", 9), Run("b", 8, source: "a"), Run("c", 1, source: "b"), Run("d", 7, source: "a")));

    [Fact]
    public void Parents_and_children_of_a_kept_run_stay()
    {
        Assert.Equal(["other"], Going(new() { KeepLast = 1 }, Run("parent", 9), Run("child", 8, parent: "parent"), Run("newest", 1, parent: "parent"), Run("other", 7)));
        Assert.Equal(["child", "parent"], Going(new() { KeepLast = 1 }, Run("parent", 9), Run("child", 8, parent: "parent"), Run("newest", 1)));
    }

    [Fact]
    public void Every_layer_that_an_event_can_name_is_found()
    {
        var layer = LayerId.Parse("r.1");
        foreach (var type in typeof(RunEvent).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(RunEvent)) && !type.IsAbstract))
        {
            foreach (var property in type.GetProperties().Where(p => p.PropertyType == typeof(LayerId?) || p.PropertyType == typeof(LayerId)))
            {
                var e = (RunEvent)RuntimeHelpers.GetUninitializedObject(type);
                type.GetField($"<{property.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(e, layer);
                Assert.True(References.LayersOf(e).Contains(layer), $"{type.Name}.{property.Name} is not among the layers that collection keeps");
            }
        }
    }

    private static string[] Going(CollectionRequest request, params RunFacts[] runs) =>
        [.. RetentionPolicy.ToRemove(runs, request, Now).Select(run => run.Head.Run.Value).Order(StringComparer.Ordinal)];

    private static RunFacts Run(string id, int daysAgo, bool ended = true, string? parent = null, string? source = null, int? keep = null) => new(
        new RunHead(RunId.Parse(id), 3, default, Now.AddDays(-daysAgo - 1), Now.AddDays(-daysAgo)), ended,
        parent is null ? null : RunId.Parse(parent), source is null ? null : RunId.Parse(source), [], [])
    {
        KeepDays = keep,
    };
}
