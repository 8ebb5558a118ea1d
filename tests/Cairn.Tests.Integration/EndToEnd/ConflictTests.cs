namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>Conflicts on the command line: tried, listed, shown, decided about one by one, merged as a whole, and written down.</summary>
public sealed class ConflictTests
{
    private const string Ten = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static async Task<Scene> ClashAsync()
    {
        var scene = await Scene.NewAsync(("ten.txt", Ten), ("gone.txt", "x\n"), ("own.txt", "o\n"));
        var model = scene.Model(
            "m",
            Script.Turn("", Script.Shell("sed -i 's/^2$/zwei/; s/^9$/neun/' ten.txt; echo changed > gone.txt; echo theirs > own.txt; echo n > new.txt")),
            Script.Turn("", Script.Complete()));
        (await scene.RunAsync(model, "--merge", "never")).Exits(0);
        scene.Put("ten.txt", Ten.Replace("2\n", "two\n", StringComparison.Ordinal));
        scene.Put("own.txt", "ours\n");
        File.Delete(scene.In("gone.txt"));
        return scene;
    }

    [Fact]
    public async Task Conflicts_are_listed_shown_decided_about_in_steps_and_merged_all_or_nothing()
    {
        using var scene = await ClashAsync();
        var before = scene.Manifest();
        (await scene.CairnAsync("merge", "last", "--list")).Exits(0).Says("no conflicts");
        (await scene.CairnAsync("merge", "last")).Exits(1).Says("3 conflicts", "--show PATH", "--resolve PATH=repo|run|base|union|file:FILE");
        var listed = (await scene.JsonAsync("merge", "last", "--list")).AsArray();
        Assert.Equal(["gone.txt DeletedInRepository", "own.txt Content", "ten.txt Content"], listed.Select(c => $"{c!["conflict"]!["path"]} {c["conflict"]!["kind"]}"));
        (await scene.CairnAsync("merge", "last", "--show", "ten.txt")).Exits(0)
            .Says("base       file 0644", "<<<<<<< repository\ntwo\n||||||| base\n2\n=======\nzwei\n>>>>>>> run\n3");
        var shown = await scene.JsonAsync("merge", "last", "--show", "ten.txt");
        Assert.Equal("zwei\n", shown["text"]!["hunks"]![0]!["run"]!.GetValue<string>());
        Assert.Equal(33188 & 0xFFF, shown["conflict"]!["repository"]!["mode"]!.GetValue<int>());

        // Decided about one: kept, and nothing is merged.
        (await scene.CairnAsync("merge", "last", "--resolve", "gone.txt=run")).Exits(1).Says("2 conflicts", "nothing was merged");
        Assert.Equal(before, scene.Manifest());
        var given = Path.Combine(scene.Root, "a=b");
        await File.WriteAllTextAsync(given, "given\n", Cancel);
        var done = await scene.CairnAsync("merge", "last", "--json", "--resolve", "ten.txt=union", "--resolve", $"own.txt=file:{given}");
        Assert.Contains("\"status\":\"Merged\"", done.Exits(0).Output, StringComparison.Ordinal);
        Assert.Equal(Ten.Replace("2\n", "two\nzwei\n", StringComparison.Ordinal).Replace("9\n", "neun\n", StringComparison.Ordinal), await File.ReadAllTextAsync(scene.In("ten.txt"), Cancel));
        Assert.Equal(("given\n", "changed\n", "n\n"), (await File.ReadAllTextAsync(scene.In("own.txt"), Cancel), await File.ReadAllTextAsync(scene.In("gone.txt"), Cancel), await File.ReadAllTextAsync(scene.In("new.txt"), Cancel)));
        (await scene.CairnAsync("log", "last")).Exits(0).Says($"{Environment.UserName} decided: gone.txt: the run's version", "ten.txt: the lines of both, own.txt: a version of its own");
        await scene.VerifiedAsync();

        // Behind the merge everything is as it was before it.
        var run = await scene.IdAsync();
        (await scene.CairnAsync("gc", "--keep-last", "5")).Exits(0);
        (await scene.CairnAsync("rollback", run, "c0")).Exits(0);
        (await scene.CairnAsync("merge", "last", "--list")).Exits(0).Says("no conflicts");
    }

    [Fact]
    public async Task Answers_that_fit_nothing_are_refused_and_nothing_is_kept_of_them()
    {
        using var scene = await ClashAsync();
        (await scene.CairnAsync("merge", "last")).Exits(1);
        var records = (await scene.JsonAsync("log", "last")).AsArray().Count;
        (await scene.CairnAsync("merge", "last", "--resolve", "new.txt=run")).Exits(2).Says("'new.txt' is in no conflict", "gone.txt");
        (await scene.CairnAsync("merge", "last", "--resolve", "ten.txt=mine")).Exits(2).Says("repo, run, base, union or file:FILE");
        (await scene.CairnAsync("merge", "last", "--resolve", "ten.txt=file:/nowhere")).Exits(2).Says("There is no file '/nowhere'");
        (await scene.CairnAsync("merge", "last", "--resolve", "ten.txt=run", "--resolve", "gone.txt=union")).Exits(2).Says("gone.txt", "only contents of text files");
        (await scene.CairnAsync("merge", "last", "--show", "new.txt")).Exits(2).Says("is in no conflict");
        (await scene.CairnAsync("merge", "last", "--list", "--resolve", "ten.txt=run")).Exits(2).Says("only look");
        scene.Put("ten.txt", "quite different\n");
        (await scene.CairnAsync("merge", "last", "--resolve", "ten.txt=run")).Exits(2).Says("changed in the repository since its conflict was found");
        Assert.Equal(records, (await scene.JsonAsync("log", "last")).AsArray().Count);
        Assert.Equal("quite different\n", await File.ReadAllTextAsync(scene.In("ten.txt"), Cancel));
    }

    [Fact]
    public async Task A_daemon_takes_decisions_as_well()
    {
        using var scene = await ClashAsync();
        var serving = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var daemon = scene.Start((_, _, _) => serving.TrySetResult(), "serve", "--json");
        await serving.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancel);
        (await scene.CairnAsync("merge", "last")).Exits(1).Says("3 conflicts");
        (await scene.CairnAsync("merge", "last", "--show", "own.txt")).Exits(0).Says("ours", "theirs");
        (await scene.CairnAsync("merge", "last", "--resolve", "own.txt=run", "--resolve", "ten.txt=repo", "--resolve", "gone.txt=base")).Exits(0).Says("merged");
        Assert.Equal("theirs\n", await File.ReadAllTextAsync(scene.In("own.txt"), Cancel));
        Assert.Equal("x\n", await File.ReadAllTextAsync(scene.In("gone.txt"), Cancel));
    }
}
