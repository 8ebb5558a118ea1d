using System.Text.Json;
using Cairn.Sdk;

namespace Cairn.Tests.Integration.Daemon;

/// <summary>What is in the context of a run that a daemon drives, while it is live.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class DaemonContextTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_live_runs_context_is_shown_through_the_daemon_as_it_is_then()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var cairn = daemon.Connect();
        const string Read =
            """
            - tool_calls:
                - name: read_file
                  arguments: {path: a.txt, start_line: null, end_line: null}

            """;
        var run = await cairn.StartAsync(daemon.Run(Read + DaemonFixture.Command("sleep 600")), Cancel);
        await DaemonFixture.Until(async () => (await cairn.FindAsync(run.Value, Cancel)).Step == 2 && (await cairn.LogAsync(run, Cancel)).Any(e => e.Event is ToolCallStarted { Tool: "run_command" }));
        var live = await cairn.ContextAsync(run, "end", Cancel);
        Assert.Contains(live.Items, i => i.Address.Contains("/file:a.txt@", StringComparison.Ordinal) && i is { Tier: "L1", Untrusted: true });
        Assert.Equal(2, live.Prompts.Length);
        var before = await cairn.ContextAsync(run, "1", Cancel);
        Assert.DoesNotContain(before.Items, i => i.Address.Contains("a.txt", StringComparison.Ordinal));
        var shown = await daemon.CliAsync("context", run.Value, "--json");
        Assert.Equal(live.Position, JsonDocument.Parse(shown.Output).RootElement.GetProperty("position").GetInt64());
        Assert.Contains("file:a.txt@", (await daemon.CliAsync("context", run.Value)).Output, StringComparison.Ordinal);
        Assert.Contains("came after the last move", (await daemon.CliAsync("context", run.Value, "--explain", "file:a.txt")).Output, StringComparison.Ordinal);
        using var http = daemon.Http();
        using var wrong = await http.GetAsync($"v1/runs/{run}/context?at=c99", Cancel);
        Assert.Equal(422, (int)wrong.StatusCode);
        await cairn.CancelAsync(run, "seen", Cancel);
    }
}
