using System.Text.Json;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Tests.Integration.Daemon;

/// <summary>Collections and live replays go through the daemon; what was said at a run's start counts.</summary>
public sealed class DaemonRetentionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_collection_through_the_daemon_takes_what_need_not_be_kept_and_nothing_of_a_run_at_work()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var cairn = daemon.Connect();
        var gone = await EndAsync(daemon.Run(Edit("one") + DaemonFixture.Done) with { KeepDays = 0 });
        var kept = await EndAsync(daemon.Run(Edit("two") + DaemonFixture.Done));
        var working = await cairn.StartAsync(daemon.Run(Edit("three") + DaemonFixture.Command("sleep 930021") + DaemonFixture.Done), Cancel);
        await DaemonFixture.Until(() => Task.FromResult(DaemonFixture.Running("sleep", "930021") == 1));

        // By itself only what was started to be removed.
        Assert.Equal([gone.Value], (await cairn.CollectAsync(new() { DryRun = true }, null, Cancel)).Runs);
        var cli = await daemon.CliAsync("gc", "--json");
        Assert.Equal([gone.Value], JsonSerializer.Deserialize<JsonElement>(cli.Output).GetProperty("runs").EnumerateArray().Select(r => r.GetString()!));
        await Assert.ThrowsAsync<NotFoundException>(() => cairn.FindAsync(gone.Value, Cancel));
        Assert.True((await cairn.VerifyAsync(kept, Cancel)).Passed);

        Assert.Equal([kept.Value], (await cairn.CollectAsync(new() { KeepLast = 0 }, null, Cancel)).Runs);
        await cairn.CancelAsync(working, "", Cancel);
        Assert.True((await cairn.VerifyAsync(working, Cancel)).Passed);
        Assert.Single((await cairn.DiffAsync(working, "end", Cancel)).Files);
        await Assert.ThrowsAsync<CairnException>(() => cairn.CollectAsync(new() { KeepDays = -1 }, null, Cancel));

        async Task<RunId> EndAsync(StartRun start)
        {
            var run = await cairn.StartAsync(start, Cancel);
            Assert.Equal("succeeded", (await cairn.FollowAsync(run, new Recorder(), Cancel)).Status);
            return run;
        }
    }

    [Fact]
    public async Task A_live_replay_through_the_daemon_compares_each_step()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var cairn = daemon.Connect();
        var run = await cairn.StartAsync(daemon.Run(Edit("one") + DaemonFixture.Done), Cancel);
        await cairn.FollowAsync(run, new Recorder(), Cancel);
        var told = new List<StepDrift>();
        var drift = await cairn.ReplayLiveAsync(run, new LiveReplayOptions { Model = daemon.Model(DaemonFixture.Done + DaemonFixture.Done) }, told.Add, Cancel);
        Assert.Equal(2, drift.Steps.Length);
        Assert.Equal(drift.Steps.Select(s => s.Step), told.Select(s => s.Step));
        Assert.True(drift.Drifted >= 1);
    }

    [Fact]
    public async Task A_process_that_drives_a_run_alone_lets_another_terminal_stop_it()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await daemon.TerminateAsync();
        var model = daemon.Model(DaemonFixture.Command("echo before; sleep 930022") + DaemonFixture.Done);
        var running = daemon.CliAsync("run", "do it", "--model", model, "--judge", "", "--merge", "never", "--json");
        await DaemonFixture.Until(() => Task.FromResult(DaemonFixture.Running("sleep", "930022") == 1));

        // Whoever wants to change anything else is told who has it.
        var refused = await daemon.CliAsync("gc");
        Assert.Contains("in use by another Cairn (process", refused.Output, StringComparison.Ordinal);
        var paused = await daemon.CliAsync("pause", "last", "--json", "--reason", "lunch");
        Assert.Equal("paused", JsonSerializer.Deserialize<JsonElement>(paused.Output).GetProperty("status").GetString());
        Assert.Equal(0, DaemonFixture.Running("sleep", "930022"));
        await running;
        Assert.False(File.Exists(Path.Combine(daemon.State, RemoteCairn.ControlSocketName)));

        // Nobody owns it now: the same command works on the directory itself.
        var cancelled = await daemon.CliAsync("cancel", "last", "--json");
        Assert.Equal("cancelled", JsonSerializer.Deserialize<JsonElement>(cancelled.Output).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_process_that_drives_a_run_alone_lets_another_terminal_cancel_it()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await daemon.TerminateAsync();
        var model = daemon.Model(Edit("kept") + DaemonFixture.Command("sleep 930023") + DaemonFixture.Done);
        var running = daemon.CliAsync("run", "do it", "--model", model, "--judge", "", "--merge", "never", "--json");
        await DaemonFixture.Until(() => Task.FromResult(DaemonFixture.Running("sleep", "930023") == 1));
        var cancelled = await daemon.CliAsync("cancel", "last", "--json");
        Assert.Equal("cancelled", JsonSerializer.Deserialize<JsonElement>(cancelled.Output).GetProperty("status").GetString());
        Assert.Equal(0, DaemonFixture.Running("sleep", "930023"));
        Assert.NotEqual(0, (await running).ExitCode);
        Assert.Contains("kept.txt", (await daemon.CliAsync("diff", "last")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_daemon_collects_by_itself_as_often_as_it_was_told_and_says_what_came_of_it()
    {
        await using var fixture = await DaemonFixture.StartAsync();
        RunId run;
        await using (var cairn = fixture.Connect())
        {
            run = await cairn.StartAsync(fixture.Run(Edit("one") + DaemonFixture.Done), Cancel);
            await cairn.FollowAsync(run, new Recorder(), Cancel);
        }

        await fixture.TerminateAsync();
        var plan = new CollectionPlan(TimeSpan.FromMilliseconds(50), new() { KeepLast = 0 });
        await using var daemon = await CairnDaemon.StartAsync(new(new HostOptions(fixture.State, null!, _ => null)) { Collect = plan }, Cancel);
        await using var client = fixture.Connect();
        await DaemonFixture.Until(async () => (await client.RunsAsync(Cancel)).All(r => r.Id != run));
        await DaemonFixture.Until(async () => (await client.HealthAsync(Cancel)).Collected is { } said && said.Contains(" runs, ", StringComparison.Ordinal));
    }

    private static string Edit(string name) =>
        $$"""
        - tool_calls:
            - name: write_file
              arguments: {path: {{name}}.txt, content: "{{name}}", version: null}

        """;
}
