using System.Text.Json.Nodes;
using Cairn.Tests.Integration.Egress;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>What calls did, in whole runs and as the command line shows it.</summary>
public sealed class EffectRunTests
{
    [Fact]
    public async Task A_call_says_which_files_processes_and_limits_it_touched_and_the_log_shows_them()
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model(
            "m",
            Script.Turn("Work.", Script.Shell("echo new > new.txt; /bin/rm code.txt; /bin/echo more >> readme.txt; (exit 5); head -c 200000 /dev/zero | tr '\\0' x")),
            Script.Turn("Done.", Script.Complete()));
        (await scene.RunAsync(model, "--merge", "never")).Exits(0);
        var effects = (await scene.EventsAsync()).OfType<ToolCallFinished>().First().Effects!;
        Assert.Equal(["code.txt", "new.txt", "readme.txt"], effects.Files!.Value.Select(f => f.Path));
        Assert.Equal(BlobHash.OfText("hello\n"), effects.Files.Value[2].Before);
        Assert.Equal(BlobHash.OfText("hello\nmore\n"), effects.Files.Value[2].After);
        Assert.Equal(["output"], effects.Limits!.Value);
        Assert.Contains(effects.Processes!.Value, p => p is { Command: "/bin/rm code.txt", ExitCode: 0 });
        Assert.Contains(effects.Processes.Value, p => p.ExitCode == 5);
        Assert.Null(effects.Unwatched);

        var log = await scene.CairnAsync("log", "last", "--effects");
        Assert.Contains($"file readme.txt {BlobHash.OfText("hello\n").Short} -> {BlobHash.OfText("hello\nmore\n").Short}", log.Output, StringComparison.Ordinal);
        Assert.Contains("/bin/rm code.txt (exit 0, ", log.Output, StringComparison.Ordinal);
        Assert.Contains("limit hit: output", log.Output, StringComparison.Ordinal);
        Assert.Contains("(--effects shows them)", (await scene.CairnAsync("log", "last")).Output, StringComparison.Ordinal);
        Assert.Contains("/bin/rm code.txt", (await scene.CairnAsync("show", "last")).Output, StringComparison.Ordinal);
        var json = (await scene.JsonAsync("show", "last"))["lastCall"] as JsonObject;
        Assert.NotNull(json);
        Assert.Contains("\"effects\"", (await scene.JsonAsync("log", "last")).ToJsonString(), StringComparison.Ordinal);
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task Requests_of_calls_at_the_same_time_are_written_down_at_the_call_that_made_them()
    {
        await using var one = new PlainServer();
        await using var two = new PlainServer();
        using var scene = await Scene.NewAsync();
        JsonObject Fetch(int port) => Script.Call("web_fetch", new { url = $"http://127.0.0.1:{port}/", max_chars = (int?)null });
        var model = scene.Model(
            "m",
            Script.Turn("Both.", Fetch(one.Port), Fetch(two.Port), Fetch(one.Port)),
            Script.Turn("Shell.", Script.Shell($"curl -sS --noproxy '' http://127.0.0.1:{two.Port}/ >/dev/null")),
            Script.Turn("Done.", Script.Complete()));
        (await scene.RunAsync(model, "--merge", "never", "--allow-net", $"127.0.0.1:{one.Port}", "--allow-net", $"127.0.0.1:{two.Port}")).Exits(0);
        var events = await scene.EventsAsync();
        var ports = events.OfType<ToolCallFinished>().Where(c => c.Network is not null).OrderBy(c => c.Call.Value, StringComparer.Ordinal)
            .Select(c => { var n = Assert.Single(c.Network!.Value); return (n.Port, n.Count); });
        Assert.Equal([(one.Port, 1), (two.Port, 1), (one.Port, 1), (two.Port, 1)], ports);
        Assert.Contains($"net  GET 127.0.0.1:{two.Port} allowed", (await scene.CairnAsync("log", "last")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_that_changes_nothing_runs_its_commands_read_only_and_without_sockets()
    {
        using var scene = await Scene.NewAsync();
        await scene.GitAsync("config", "alias.try", "!touch tried; python3 -c 'import socket; socket.socket(2)'; cp /bin/true /tmp/t; /tmp/t");
        var model = scene.Model("m", Script.Turn("Try.", Script.Shell("git try")), Script.Turn("Done.", Script.Complete()));
        await scene.RunAsync(model, "--merge", "never", "--policy", "code-analyser");
        var answer = (await scene.ResultsAsync())[0];
        Assert.Contains("Read-only file system", answer, StringComparison.Ordinal);
        Assert.Contains("Address family not supported", answer, StringComparison.Ordinal);
        Assert.Contains("Permission denied", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attaching_wants_a_terminal_and_a_live_shell()
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", Script.Turn("Done.", Script.Complete()));
        (await scene.RunAsync(model, "--merge", "never")).Exits(0);
        var bare = await scene.CairnAsync("attach", "last");
        Assert.Equal(2, bare.ExitCode);
        Assert.Contains("--raw", bare.All, StringComparison.Ordinal);
        var none = await scene.CairnAsync("attach", "last", "--raw");
        Assert.Equal(2, none.ExitCode);
        Assert.Contains("no live shell", none.All, StringComparison.Ordinal);
    }
}
