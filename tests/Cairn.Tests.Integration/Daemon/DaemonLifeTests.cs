using System.Diagnostics;
using Cairn.Sdk;

namespace Cairn.Tests.Integration.Daemon;

/// <summary>Real daemons that are killed, stopped, started twice; runs that are paused, cancelled, resumed.</summary>
public sealed class DaemonLifeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Sleeper(int mark) => DaemonFixture.Command($"echo before; setsid sleep {mark} & sleep {mark}") + DaemonFixture.Done;

    [Theory]
    [InlineData("pause", "930011", "paused")]
    [InlineData("cancel", "930012", "cancelled")]
    public async Task Stopping_a_run_ends_its_processes_within_a_second_and_keeps_what_they_printed(string how, string mark, string status)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var cairn = daemon.Connect();
        var run = await cairn.StartAsync(daemon.Run(Sleeper(int.Parse(mark, null))), Cancel);
        await DaemonFixture.Until(() => Task.FromResult(DaemonFixture.Running("sleep", mark) == 2));

        var clock = Stopwatch.StartNew();
        var after = how == "pause" ? await cairn.PauseAsync(run, "", Cancel) : await cairn.CancelAsync(run, "", Cancel);
        var elapsed = clock.Elapsed;

        Assert.Equal(0, DaemonFixture.Running("sleep", mark));
        Assert.True(elapsed < TimeSpan.FromSeconds(1), $"It took {elapsed}.");
        Assert.Equal(status, after.Status);
        var cut = Assert.Single((await cairn.LogAsync(run, Cancel)).Select(e => e.Event).OfType<ToolCallFinished>());
        Assert.Equal(ToolStatus.Cancelled, cut.Status);
        Assert.Equal("before\n", await cairn.BodyAsync(cut.Result, Cancel));
        Assert.True((await cairn.VerifyAsync(run, Cancel)).Passed);
    }

    [Fact]
    public async Task A_call_that_a_pause_cut_off_runs_again_from_its_layer()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        await using var cairn = daemon.Connect();
        var flag = Path.Combine(daemon.Repository, "go");
        var run = await cairn.StartAsync(
            daemon.Run(DaemonFixture.Command("echo x >> counter; test -e go || sleep 930013") + DaemonFixture.Done), Cancel);
        await DaemonFixture.Until(() => Task.FromResult(DaemonFixture.Running("sleep", "930013") == 1));
        await cairn.PauseAsync(run, "", Cancel);
        await File.WriteAllTextAsync(flag, "", Cancel);
        var ended = await cairn.DriveAsync(run, null, new Recorder(), Cancel);
        Assert.Equal("succeeded", ended.Status);
        var change = Assert.Single((await cairn.DiffAsync(run, "end", Cancel)).Files);
        Assert.Contains("+x", change.Patch, StringComparison.Ordinal);
        Assert.Single(change.Patch!.Split('\n'), line => line == "+x");
    }

    [Fact]
    public async Task A_killed_daemon_leaves_no_process_and_the_next_one_goes_on()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        RunId run, paused;
        await using (var cairn = daemon.Connect())
        {
            run = await cairn.StartAsync(daemon.Run(DaemonFixture.Command("echo x >> counter; test -e go || sleep 930014") + DaemonFixture.Done), Cancel);
            paused = await cairn.StartAsync(daemon.Run(Sleeper(930015)), Cancel);
            await DaemonFixture.Until(() => Task.FromResult(DaemonFixture.Running("sleep", "930014") == 1 && DaemonFixture.Running("sleep", "930015") == 2));
            await cairn.PauseAsync(paused, "", Cancel);
        }

        await daemon.KillAsync();
        await DaemonFixture.Until(() => Task.FromResult(DaemonFixture.Running("sleep", "930014") == 0));
        Assert.True(File.Exists(daemon.Socket));
        Assert.Null(RemoteCairn.TryConnect(daemon.State, null));
        await File.WriteAllTextAsync(Path.Combine(daemon.Repository, "go"), "", Cancel);

        await daemon.ServeAsync();
        await using var again = daemon.Connect();
        Assert.Equal("succeeded", (await again.FollowAsync(run, new Recorder(), Cancel)).Status);
        Assert.Equal("paused", (await again.FindAsync(paused.Value, Cancel)).Status);
        Assert.Single((await again.DiffAsync(run, "end", Cancel)).Files.Single().Patch!.Split('\n'), line => line == "+x");
    }

    [Fact]
    public async Task A_daemon_that_is_told_to_stop_goes_in_time_and_pauses_nothing()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        RunId run;
        await using (var cairn = daemon.Connect())
        {
            run = await cairn.StartAsync(daemon.Run(Sleeper(930016)), Cancel);
            await DaemonFixture.Until(() => Task.FromResult(DaemonFixture.Running("sleep", "930016") == 2));
        }

        var took = await daemon.TerminateAsync();
        Assert.True(took < TimeSpan.FromSeconds(5), $"It took {took}.");
        Assert.Equal(0, DaemonFixture.Running("sleep", "930016"));
        Assert.False(File.Exists(daemon.Socket));

        await daemon.ServeAsync();
        await using var again = daemon.Connect();
        Assert.DoesNotContain((await again.LogAsync(run, Cancel)).Select(e => e.Event), e => e is RunStopRequested);
        await DaemonFixture.Until(() => Task.FromResult(DaemonFixture.Running("sleep", "930016") == 2));
    }

    [Fact]
    public async Task A_second_daemon_is_refused_and_commands_go_through_the_first()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        var second = await daemon.CliAsync("serve");
        Assert.Equal(2, second.ExitCode);
        Assert.Contains($"process {daemon.Pid}", second.Output, StringComparison.Ordinal);

        var model = daemon.Model(DaemonFixture.Done);
        var run = await daemon.CliAsync("run", "do it", "--model", model, "--judge", "", "--merge", "never");
        Assert.True(run.ExitCode == 0, run.Output);
        Assert.Contains("succeeded", (await daemon.CliAsync("runs")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await daemon.CliAsync("replay", "last", "--verify")).ExitCode);
    }

    [Fact]
    public async Task Of_two_answers_exactly_one_wins_and_a_question_survives_a_kill()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        RunId run;
        await using (var before = daemon.Connect())
        {
            run = await before.StartAsync(daemon.Run(DaemonFixture.Command("echo new > b") + DaemonFixture.Done, MergeMode.Ask), Cancel);
            await DaemonFixture.Until(async () => (await before.DecisionsAsync(Cancel)).Count == 1);
        }

        await daemon.KillAsync();
        await daemon.ServeAsync();
        await using var one = daemon.Connect();
        await using var two = daemon.Connect();
        await DaemonFixture.Until(async () => (await one.DecisionsAsync(Cancel)).Count == 1);
        var asked = Assert.Single(await two.DecisionsAsync(Cancel));
        Assert.Equal(run, asked.Run);
        await Assert.ThrowsAsync<CairnException>(() => one.AnswerAsync(run, asked.Decision, "perhaps", Cancel));

        Task<RunSummary>[] answers = [.. Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? one : two).AnswerAsync(run, asked.Decision, i % 2 == 0 ? "yes" : "no", Cancel))];
        await Task.WhenAll(answers.Select(a => a.ContinueWith(_ => { }, TaskScheduler.Default)));
        Assert.Equal(1, answers.Count(a => a.IsCompletedSuccessfully));
        var failures = answers.Where(a => a.IsFaulted).Select(a => a.Exception!.InnerException).ToList();
        Assert.Equal(7, failures.OfType<ConflictException>().Count());
        Assert.Single((await one.LogAsync(run, Cancel)).Select(e => e.Event), e => e is DecisionMade);
    }

    [Fact]
    public async Task A_full_disk_stops_the_run_with_a_clear_state_and_the_daemon_goes_on_when_there_is_space_again()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a small disk needs root.");
        using var disk = await SmallDisk.MountAsync(Cancel);
        await using var daemon = await DaemonFixture.StartInAsync(Path.Combine(disk.Path, "state"));
        await using var cairn = daemon.Connect();
        var talk = string.Concat(Enumerable.Range(0, 8).Select(i =>
            $$$"""
              - text: "{{{new string((char)('a' + i), 200_000)}}}"
                tool_calls:
                  - name: list_files
                    arguments: {path: "", depth: 1, include_generated: false}

            """));
        var run = await cairn.StartAsync(
            daemon.Run($"context_tokens: 4000000\nresponses:\n{Indented(DaemonFixture.Command("exec sleep 3.930017"))}{talk}{Indented(DaemonFixture.Done)}"), Cancel);
        await DaemonFixture.Until(() => Task.FromResult(DaemonFixture.Running("sleep", "3.930017") == 1));
        disk.Fill();
        var stopped = await cairn.FollowAsync(run, new Recorder(), Cancel);
        Assert.Equal("interrupted", stopped.Status);
        Assert.Contains("is full", stopped.Reason, StringComparison.Ordinal);
        using (var http = daemon.Http())
        {
            Assert.True((await http.GetAsync("v1/health", Cancel)).IsSuccessStatusCode);
        }

        disk.Free();
        Assert.Equal("succeeded", (await cairn.DriveAsync(run, null, new Recorder(), Cancel)).Status);
        Assert.True((await cairn.VerifyAsync(run, Cancel)).Passed);
    }

    private static string Indented(string yaml) => string.Join('\n', yaml.Split('\n').Select(line => line.Length == 0 ? line : "  " + line));
}
