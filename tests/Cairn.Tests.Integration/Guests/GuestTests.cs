using Cairn.Tests.Integration.EndToEnd;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Guests;

/// <summary>Unchanged programs as guests: the real ones from npm, and a small one of our own for what is seldom.</summary>
public sealed class GuestTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("codex")]
    [InlineData("opencode")]
    [InlineData("claude")]
    public async Task A_real_guest_mends_a_repository_on_its_fork_and_its_turns_can_be_gone_back_to(string guest)
    {
        using var scene = await GuestFixture.SceneAsync();
        await HostPackages.RequireAsync([("node", "nodejs")], Now);
        var before = scene.Manifest();
        var run = await scene.CairnAsync(
            ["guest", "--repo", scene.Repository, "--model", scene.Model("mend", GuestFixture.Mending(scene, guest)), "--merge", "never", "--json", "--",
             await GuestFixture.ProgramAsync(guest), .. GuestFixture.Arguments(guest)]);
        Assert.True(run.ExitCode == 0, run.All);
        Assert.Equal(before, scene.Manifest());
        var events = await scene.EventsAsync();
        var turns = events.OfType<ToolCallFinished>().Where(c => c.Spent is not null).ToList();
        Assert.True(turns.Count >= 3, run.All);
        Assert.All(turns, t => Assert.Equal(ToolStatus.Ok, t.Status));
        var summary = await scene.SummaryAsync();
        Assert.Equal(turns.Sum(t => t.Spent!.Usage.Total), summary.Usage.Total);
        await scene.VerifiedAsync();

        // Back to the turn before the edit, and on from there in a fork: the program starts again on that layer and mends it again.
        var layers = events.OfType<ToolCallStarted>().Where(c => c.Tool == "guest_model").Select(c => c.Layer).ToList();
        Assert.Null(layers[0]);
        Assert.NotNull(layers[^1]);
        var fork = (string)(await scene.JsonAsync("fork", await scene.IdAsync(), "--at", "2"))["id"]!;
        Assert.Equal(0, (await scene.CairnAsync("resume", fork, "--json")).ExitCode);
        await scene.VerifiedAsync(fork);
        (await scene.CairnAsync("merge", fork)).Exits(0);
        Assert.Equal(GuestFixture.Mended, await File.ReadAllTextAsync(scene.In("sum.js"), Now));
        Assert.Equal("test passed\n", await File.ReadAllTextAsync(scene.In("result.txt"), Now));
    }

    [Fact]
    public async Task Every_question_stands_on_the_layer_of_what_was_changed_before_it()
    {
        using var scene = await GuestFixture.SceneAsync();
        var guest = GuestFixture.Plain(scene, "console.log(await work());");
        (await Plain(scene, guest, [GuestFixture.Bash("echo 1 > one"), GuestFixture.Bash("echo 2 > two; rm one"), Script.Turn("Done.")])).Exits(0);
        var run = await scene.IdAsync();
        var asked = (await scene.EventsAsync()).OfType<ToolCallStarted>().Where(c => c.Tool == "guest_model").ToList();
        Assert.Equal(3, asked.Count);
        var second = (await scene.JsonAsync("diff", run, "--at", "4"))["files"]!.AsArray();
        Assert.Equal(["one"], second.Select(f => (string)f!["change"]!["path"]!));
        var last = (await scene.JsonAsync("diff", run))["files"]!.AsArray();
        Assert.Equal(["two"], last.Select(f => (string)f!["change"]!["path"]!));
    }

    [Fact]
    public async Task A_rolled_back_guest_goes_on_from_that_turn_without_what_came_after()
    {
        using var scene = await GuestFixture.SceneAsync();
        var guest = GuestFixture.Plain(scene, "console.log(await work());");
        (await Plain(scene, guest, [GuestFixture.Bash("echo 1 >> log"), GuestFixture.Bash("echo 2 >> log"), Script.Turn("Done.")])).Exits(0);
        var run = await scene.IdAsync();
        var checkpoint = (await scene.JsonAsync("checkpoints", run)).AsArray().First(c => ((string)c!["reason"]!).Contains("changed", StringComparison.Ordinal))!;
        (await scene.CairnAsync("rollback", run, (string)checkpoint["id"]!)).Exits(0);
        (await scene.CairnAsync("resume", run)).Exits(0);
        await scene.VerifiedAsync();
        (await scene.CairnAsync("merge", run)).Exits(0);

        // The guest began anew on the layer of its first command; what its model had said before was not asked again.
        Assert.Equal("1\n1\n2\n", await File.ReadAllTextAsync(scene.In("log"), Now));
        var answers = (await scene.EventsAsync()).OfType<ToolCallFinished>().Where(c => c.Spent is not null).ToList();
        Assert.Equal(5, answers.Count);
    }

    [Fact]
    public async Task A_guest_whose_kernel_was_killed_is_started_again_on_its_last_layer_with_its_recorded_answers()
    {
        using var scene = await GuestFixture.SceneAsync();
        var guest = GuestFixture.Plain(scene, "console.log(await work());");
        var model = scene.Model("plain", GuestFixture.Bash("echo 1 >> log"), GuestFixture.Bash("echo 2 >> log; sleep 0.2"), Script.Turn("Done."));
        using (var child = scene.Start(
            (c, line, _) =>
            {
                // The third question is on disk: its answer is under way.
                if (line.Contains("\"tool\":\"guest_model\"", StringComparison.Ordinal) && line.Contains("\"step\":6", StringComparison.Ordinal))
                {
                    c.Kill();
                }
            },
            ["guest", "--repo", scene.Repository, "--model", model, "--merge", "auto", "--json", "--", "/usr/bin/env", "node", guest]))
        {
            await child.EndAsync(Now);
        }

        await Scene.NobodyRunsAsync(guest);
        Assert.False((await scene.SummaryAsync()).Ended);
        (await scene.CairnAsync("resume", "last", "--json")).Exits(0);
        Assert.Equal("1\n2\n1\n2\n", await File.ReadAllTextAsync(scene.In("log"), Now));
        var results = await scene.ResultsAsync();
        Assert.Contains(results, r => r.StartsWith("(the recorded answer", StringComparison.Ordinal));
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task A_guest_that_overspends_is_stopped_and_the_log_says_so()
    {
        using var scene = await GuestFixture.SceneAsync();
        var guest = GuestFixture.Plain(scene, "for (;;) { try { await work(); } catch (e) { await new Promise((r) => setTimeout(r, 50)); } }");
        var run = await Plain(scene, guest, [Script.Turn("Done.")], "--budget-tokens", "9000");
        Assert.Equal(1, run.ExitCode);
        var summary = await scene.SummaryAsync();
        Assert.Equal("over budget", summary.Status);
        Assert.InRange(summary.Usage.Total, 1, 9000);
        Assert.Contains("may use 9000 tokens", summary.Reason, StringComparison.Ordinal);
        await Scene.NobodyRunsAsync(guest);
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task A_guest_without_end_of_processes_is_held_by_its_sandbox_and_nothing_outside_changes()
    {
        using var scene = await GuestFixture.SceneAsync();
        var outside = Path.Combine(scene.Root, "outside");
        var bomb = "for i in 1 2 3 4 5 6 7 8 9; do sh -c 'while :; do sleep 60 & done' 2>/dev/null & done; sleep 1; echo started";
        var guest = GuestFixture.Plain(scene, $"for (const path of [{System.Text.Json.JsonSerializer.Serialize(outside)}, '/usr/cairn-probe']) {{ try {{ fs.writeFileSync(path, 'x'); }} catch (e) {{ console.log(e.code); }} }} try {{ await fetch('http://192.0.2.1/'); }} catch (e) {{ console.log('closed'); }} execSync({System.Text.Json.JsonSerializer.Serialize(bomb)}, {{ stdio: 'ignore' }}); process.exit(3);");
        var run = await Plain(scene, guest, [Script.Turn("Done.")]);
        Assert.Equal(1, run.ExitCode);
        Assert.False(File.Exists(outside));
        var end = (await scene.ResultsAsync())[^1];
        Assert.Contains("closed", end, StringComparison.Ordinal);
        Assert.Contains("EROFS", end, StringComparison.Ordinal);
        Assert.Equal("pids", (await scene.EventsAsync()).OfType<ToolCallFinished>().Last().LimitHit);
        Assert.False(File.Exists("/usr/cairn-probe"));
        await Scene.NobodyRunsAsync("while :; do sleep 60");
    }

    [Fact]
    public async Task A_command_outside_of_the_policy_never_reaches_the_guest_and_the_log_names_the_rule()
    {
        using var scene = await GuestFixture.SceneAsync();
        var policy = Path.Combine(scene.Root, "p.cedar");
        await File.WriteAllTextAsync(policy, """
            permit(principal, action, resource);
            @id("no-deploys") forbid(principal, action == Action::"proc.spawn", resource == Command::"deploy");
            """, Now);
        var guest = GuestFixture.Plain(scene, "try { await work(); } catch (e) { console.log(String(e)); process.exit(5); }");
        var run = await Plain(scene, guest, [GuestFixture.Bash("echo fine > a"), GuestFixture.Bash("deploy --now"), Script.Turn("Done.")], "--policy", policy);
        Assert.Equal(1, run.ExitCode);
        var denied = (await scene.EventsAsync()).OfType<ToolCallFinished>().Single(c => c.Status == ToolStatus.Denied);
        await using var cairn = scene.OpenReadOnly();
        Assert.Contains("no-deploys", await cairn.BodyAsync(denied.Result, Now), StringComparison.Ordinal);
        await scene.VerifiedAsync();
    }

    private static async Task<CairnResult> Plain(Scene scene, string guest, System.Text.Json.Nodes.JsonObject[] turns, params string[] options)
    {
        await HostPackages.RequireAsync([("node", "nodejs")], Now);
        return await scene.CairnAsync(
            ["guest", "--repo", scene.Repository, "--model", scene.Model("plain", turns), "--merge", "never", .. options, "--", "/usr/bin/env", "node", guest]);
    }
}
