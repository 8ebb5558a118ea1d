using Cairn.Sandbox;
using Cairn.Tests.Integration.Sandbox;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>Back to each checkpoint, and on from there: the files are what they were, whatever made them.</summary>
public sealed class RollbackTests
{
    /// <summary>All that a workspace holds, as a command inside sees it.</summary>
    private const string Listing =
        "find . -path ./.git -prune -o -printf '%p %y %m %l\\n' | LC_ALL=C sort; find . -path ./.git -prune -o -type f -print | LC_ALL=C sort | xargs -d '\\n' sha256sum";

    private static readonly string[] Changes =
    [
        "echo new > made.txt; mkdir -p deep/er; echo x > deep/er/x",
        "rm old/gone.txt; rmdir old; mkdir -p void/of/all",
        "chmod 751 code.txt; ln -s code.txt link; ln -sf nowhere dangling; chmod 700 deep",
        "rm -r deep; echo file > deep; mv made.txt 'na me.txt'; mkdir old; ln code.txt hard; printf 'a\\nb' > \"$(printf 'line\\nbreak')\"",
        "rm link; mkdir link; echo y > link/y; rmdir void/of/all; truncate -s 0 code.txt; chmod 600 code.txt",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_a_rollback_every_checkpoint_has_the_files_that_it_had()
    {
        using var scene = await Scene.NewAsync(("code.txt", "a\n"), ("old/gone.txt", "x\n"));
        var before = scene.Manifest();
        var model = scene.Model("job", [.. Changes.Select((c, i) => Script.Turn($"Step {i + 1}.", Script.Shell(c), Script.Shell(Listing))), Script.Turn("", Script.Complete())]);
        (await scene.RunAsync(model, "--merge", "never")).Exits(0);
        var run = await scene.IdAsync();
        var listings = await ListingsAsync(scene, run);
        Assert.Equal(Changes.Length, listings.Count);
        var checkpoints = (await scene.JsonAsync("checkpoints", run)).AsArray().Select(c => (Id: c!["id"]!.GetValue<string>(), Layer: c["layer"]?.GetValue<string>())).ToList();
        Assert.Equal(Changes.Length + 1, checkpoints.Count);
        var manifests = checkpoints.ConvertAll(c => Manifest(scene, c.Layer));
        Assert.Equal(manifests.Count, manifests.Distinct().Count());

        // A model that only looks, whatever step it is asked at.
        var lister = scene.Model("lister", [.. Enumerable.Range(0, Changes.Length + 1).Select(_ => Script.Turn("", Script.Shell(Listing), Script.Complete()))]);
        int[] order = [3, 1, 5, 2, 4];
        foreach (var i in order)
        {
            (await scene.CairnAsync("rollback", run, checkpoints[i].Id)).Exits(0).Says("paused");
            var back = (await scene.SummaryAsync(run)).Layer?.Value;
            Assert.Equal(checkpoints[i].Layer, back);
            Assert.Equal(manifests[i], Manifest(scene, back));
            (await scene.CairnAsync("fork", run, "--model", lister, "--resume", "--json")).Exits(0);
            var fork = await scene.IdAsync();
            Assert.Equal(listings[i - 1], (await ListingsAsync(scene, fork))[^1]);
        }

        await scene.VerifiedAsync();

        await scene.VerifiedAsync(run);
        Assert.Equal(before, scene.Manifest());

        // Gone on with from the last of them, the run ends with the same files as at first.
        (await scene.CairnAsync("resume", run)).Exits(0);
        Assert.Equal(manifests[^1], Manifest(scene, (await scene.JsonAsync("checkpoints", run)).AsArray()[^1]!["layer"]!.GetValue<string>()));
        await scene.VerifiedAsync(run);
    }

    [Fact]
    public async Task A_rollback_and_a_fork_behind_a_merge_still_have_the_files_of_their_place()
    {
        using var scene = await Scene.NewAsync(("code.txt", "a\n"), ("old/gone.txt", "x\n"));
        var model = scene.Model("job", [Script.Turn("", Script.Shell(Listing)), .. Changes.Select(c => Script.Turn("", Script.Shell(c), Script.Shell(Listing))), Script.Turn("", Script.Complete())]);
        (await scene.RunAsync(model, "--merge", "never")).Exits(0);
        var run = await scene.IdAsync();
        (await scene.CairnAsync("merge", run)).Exits(0);
        var merged = scene.Manifest();
        var listings = await ListingsAsync(scene, run);
        Assert.Equal(Changes.Length + 1, listings.Count);
        var lister = scene.Model("lister", [.. Enumerable.Range(0, Changes.Length + 2).Select(_ => Script.Turn("", Script.Shell(Listing), Script.Complete()))]);
        foreach (var i in (int[])[2, 0, 4])
        {
            (await scene.CairnAsync("rollback", run, $"c{i}")).Exits(0);
            (await scene.CairnAsync("fork", run, "--model", lister, "--resume", "--json")).Exits(0);
            Assert.Equal(listings[i], (await ListingsAsync(scene, await scene.IdAsync()))[^1]);
            (await scene.CairnAsync("fork", run, "--at", $"c{i}", "--model", lister, "--resume", "--json")).Exits(0);
            Assert.Equal(listings[i], (await ListingsAsync(scene, await scene.IdAsync()))[^1]);
            await scene.VerifiedAsync();
        }

        await scene.VerifiedAsync(run);
        Assert.Equal(merged, scene.Manifest());
    }

    [Fact]
    public async Task A_fork_goes_on_with_another_model_and_leaves_the_original_as_it_was()
    {
        using var scene = await Scene.NewAsync();
        var first = scene.Model("first", Script.Turn("", Script.Write("a.txt", "a\n")), Script.Turn("", Script.Write("b.txt", "b\n")), Script.Turn("", Script.Complete()));
        var other = scene.Model("other", Script.Turn("", Script.Complete()), Script.Turn("", Script.Write("c.txt", "c\n")), Script.Turn("", Script.Complete()));
        (await scene.RunAsync(first, "--merge", "never")).Exits(0);
        var run = await scene.IdAsync();
        var log = (await scene.CairnAsync("log", run, "--json")).Exits(0).Output;
        (await scene.CairnAsync("fork", run, "--at", "2", "--model", other)).Exits(0).Says("cairn resume");
        (await scene.CairnAsync("resume", "last")).Exits(0);
        var fork = await scene.IdAsync();
        Assert.NotEqual(run, fork);
        Assert.Equal(["a.txt", "c.txt"], await PathsAsync(scene, fork));
        Assert.Equal(["a.txt", "b.txt"], await PathsAsync(scene, run));
        Assert.Equal(log, (await scene.CairnAsync("log", run, "--json")).Output);
        await scene.VerifiedAsync(fork);
        (await scene.CairnAsync("merge", fork)).Exits(0);
        Assert.True(File.Exists(scene.In("c.txt")));
        Assert.False(File.Exists(scene.In("b.txt")));
    }

    [Fact]
    public async Task A_merge_keeps_what_a_human_did_lists_conflicts_and_works_once_they_are_resolved()
    {
        using var scene = await Scene.NewAsync(("code.txt", "1\n2\n3\n4\n5\n6\n7\n"), ("both.txt", "x\n"));
        var model = scene.Model(
            "m",
            Script.Turn("", Script.Edit("code.txt", "1\n2\n3\n4\n5\n6\n7\n", "2\n", "two\n"), Script.Shell("echo theirs > both.txt; echo n > new.txt")),
            Script.Turn("", Script.Complete()));
        (await scene.RunAsync(model, "--merge", "never")).Exits(0);
        var diff = (await scene.CairnAsync("diff", "last")).Exits(0);
        diff.Says("-2", "+two", "added file new.txt", "+theirs");

        scene.Put("code.txt", "1\n2\n3\n4\n5\n6\nseven\n");
        scene.Put("both.txt", "ours\n");
        var humans = scene.Manifest();
        (await scene.CairnAsync("merge", "last")).Exits(1).Says("both.txt", "1 conflicts", "nothing was merged");
        Assert.Equal(humans, scene.Manifest());
        Assert.Equal(diff.Output, (await scene.CairnAsync("diff", "last")).Output);

        scene.Put("both.txt", "theirs\n");
        (await scene.CairnAsync("merge", "last")).Exits(0).Says("merged");
        Assert.Equal("1\ntwo\n3\n4\n5\n6\nseven\n", await File.ReadAllTextAsync(scene.In("code.txt"), Cancel));
        Assert.Equal("n\n", await File.ReadAllTextAsync(scene.In("new.txt"), Cancel));
        (await scene.CairnAsync("merge", "last")).Exits(0);
        await scene.VerifiedAsync();
    }

    [Theory]
    [InlineData("auto", true)]
    [InlineData("never", false)]
    [InlineData("ask", false)]
    public async Task Without_a_terminal_only_auto_merges_and_the_rest_waits_for_cairn_merge(string mode, bool merged)
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", Script.Turn("", Script.Write("a.txt", "a\n")), Script.Turn("", Script.Complete()));
        (await scene.RunAsync(model, "--merge", mode)).Exits(0);
        Assert.Equal(merged, File.Exists(scene.In("a.txt")));
        if (!merged)
        {
            (await scene.CairnAsync("merge", "last")).Exits(0);
        }

        Assert.Equal("a\n", await File.ReadAllTextAsync(scene.In("a.txt"), Cancel));
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task What_the_judge_does_not_accept_is_not_merged()
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", Script.Turn("", Script.Write("a.txt", "a\n"), Script.Complete()), Script.Turn("", Script.Complete()), Script.Turn("", Script.Complete()), Script.Turn("", Script.Complete()));
        (await scene.RunAsync(model, "--merge", "auto", "--judge", "echo not so; test -e b.txt")).Exits(1).Says("rejected");
        Assert.False(File.Exists(scene.In("a.txt")));
        await scene.VerifiedAsync();
    }

    private static async Task<List<string>> PathsAsync(Scene scene, string run) =>
        [.. (await scene.JsonAsync("diff", run))["files"]!.AsArray().Select(f => f!["change"]!["path"]!.GetValue<string>())];

    /// <summary>The listings that a run's commands answered; the first line says how long each took.</summary>
    private static async Task<List<string>> ListingsAsync(Scene scene, string run) =>
        [.. (await scene.ResultsAsync(run)).Where(r => r.Contains("code.txt f", StringComparison.Ordinal)).Select(r => r[r.IndexOf("\n. d", StringComparison.Ordinal)..])];

    private static string Manifest(Scene scene, string? layer)
    {
        using var store = new LayerStore(scene.State, new MemoryBlobs(), TimeProvider.System);
        var workspace = store.Open(RunId.Parse("rlook"), scene.Repository, layer is null ? null : LayerId.Parse(layer));
        var text = string.Join('\n', workspace.Manifest());
        workspace.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return text;
    }
}
