namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>The context of real runs: files that change under an agent, tools that it has for it, and what the command line shows.</summary>
public sealed class ContextRunTests
{
    [Fact]
    public async Task What_a_command_or_a_human_changed_is_told_as_a_diff_before_the_next_step()
    {
        using var scene = await Scene.NewAsync(("a.txt", "one\ntwo\n"), ("b.txt", "b\n"));
        var model = scene.Model(
            "m", Script.Turn("", Script.Read("a.txt"), Script.Read("b.txt")), Script.Turn("", Script.Shell("echo three >> a.txt")), Script.Turn("", Script.Complete()));
        (await scene.RunAsync(model)).Exits(0);
        Assert.Equal(["a.txt"], (await scene.EventsAsync()).OfType<FilesChanged>().Single().Files.Select(f => f.Path));
        (await scene.CairnAsync("show", "last", "--at", "3")).Exits(0).Says("[files changed]", "+three", "<data-");
        await scene.VerifiedAsync();

        // A fork stands where the files were read; then a human edits the repository beneath it.
        (await scene.CairnAsync("fork", "last", "--at", "2")).Exits(0);
        scene.Put("b.txt", "b\nby hand\n");
        (await scene.CairnAsync("resume", "last")).Exits(0);
        var told = (await scene.EventsAsync()).OfType<FilesChanged>().ToList();
        Assert.Equal(["b.txt", "a.txt"], told.SelectMany(e => e.Files).Select(f => f.Path));
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task An_agent_file_names_the_policy_and_a_wrong_name_is_told()
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", Script.Turn("", Script.Complete()));
        await File.WriteAllTextAsync(Path.Combine(scene.Root, "agent.yaml"), "context: lru\n", TestContext.Current.CancellationToken);
        (await scene.RunAsync(model, "--agent", "agent.yaml")).Exits(0);
        (await scene.CairnAsync("context", "last", "--at", "1")).Exits(0).Says("policy lru@1");
        await File.WriteAllTextAsync(Path.Combine(scene.Root, "agent.yaml"), "context: newest\n", TestContext.Current.CancellationToken);
        Assert.Contains("it may be next-use, lru, two-queues", (await scene.RunAsync(model, "--agent", "agent.yaml")).All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_line_shows_tiers_places_and_reasons()
    {
        using var scene = await Scene.NewAsync(("a.txt", "one\n"));
        var model = scene.Model(
            "m", Script.Turn("", Script.Read("a.txt"), Script.Call("todo", new { items = new[] { new { text = "mend it", done = false } } })),
            Script.Turn("", Script.Shell("exit 3")), Script.Turn("", Script.Complete()));
        (await scene.RunAsync(model)).Exits(0);
        (await scene.CairnAsync("context", "last", "--at", "3")).Exits(0).Says("next-use@1", "L1", "task", "file:a.txt@", "error:", "todo", "checkpoint:c0", "100.0%");
        (await scene.CairnAsync("context", "last", "--explain", "result:1.1")).Exits(0).Says("a.txt@", "untrusted", "came after the last move");
        Assert.NotEqual(0, (await scene.CairnAsync("context", "last", "--explain", "result:9.9")).ExitCode);
        var view = await scene.JsonAsync("context", "last", "--at", "3");
        Assert.Contains(view["items"]!.AsArray(), i => i!["address"]!.GetValue<string>().EndsWith("/l1/todo", StringComparison.Ordinal));
        await scene.VerifiedAsync();
    }
}
