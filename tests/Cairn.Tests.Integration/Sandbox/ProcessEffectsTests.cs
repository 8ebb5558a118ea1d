using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>Which processes of a command are on record, and what is said of each.</summary>
public abstract class ProcessEffectsTests(string backend) : IDisposable
{
    private readonly SandboxFixture _fixture = new(options: new() { Backend = backend });

    public void Dispose()
    {
        _fixture.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Processes_are_told_as_a_tree_with_arguments_exit_codes_and_what_they_used()
    {
        var seen = await SeenAsync("/bin/true; (exit 3); python3 -c 'x = bytearray(80 << 20); sum(range(3000000))'");
        var shell = seen.Listed[0];
        Assert.StartsWith("sh -c ", shell.Command, StringComparison.Ordinal);
        Assert.Equal((1, 0, 0), (shell.Number, shell.Parent, shell.ExitCode));
        Assert.All(seen.Listed.Skip(1), p => Assert.Equal(1, p.Parent));
        Assert.Contains(seen.Listed, p => p is { Command: "/bin/true", ExitCode: 0 });
        Assert.Contains(seen.Listed, p => p.ExitCode == 3);
        var python = Assert.Single(seen.Listed, p => p.Command.StartsWith("python3 -c ", StringComparison.Ordinal));
        Assert.InRange(python.PeakKilobytes!.Value, 80 << 10, 200 << 10);
        Assert.InRange(python.CpuMicroseconds!.Value, 10_000, 60_000_000);
        Assert.True(seen.CpuMicroseconds >= python.CpuMicroseconds && seen.PeakKilobytes >= python.PeakKilobytes);
        Assert.Equal(0, seen.LeftOut);
    }

    [Fact]
    public async Task A_process_that_becomes_another_program_keeps_its_number_and_names_the_one_before()
    {
        var seen = await SeenAsync("exec env ls /");
        var only = Assert.Single(seen.Listed);
        Assert.Equal("ls /", only.Command);
        Assert.Equal(["sh -c 'exec env ls /'", "env ls /"], only.Before!.Value);
    }

    [Fact]
    public async Task What_a_signal_ends_or_is_left_behind_is_on_record_without_an_exit_code()
    {
        var seen = await SeenAsync("sleep 71 & k=$!; sleep 0.2; kill -9 $k; (setsid sleep 72 >/dev/null 2>&1 &); sleep 0.2");
        Assert.Contains(seen.Listed, p => p is { Command: "sleep 71", ExitCode: null, CpuMicroseconds: null });
        Assert.Contains(seen.Listed, p => p is { Command: "sleep 72", ExitCode: null });
        Assert.Contains(seen.Listed, p => p is { Command: "sleep 0.2", ExitCode: 0 });
    }

    [Fact]
    public async Task Children_that_start_no_program_are_seen_when_they_end()
    {
        var seen = await SeenAsync("python3 -c 'import os,sys\nfor i in range(3):\n  if os.fork() == 0: os._exit(40 + i)\nfor i in range(3): os.wait()'");
        Assert.Equal([40, 41, 42], seen.Listed.Where(p => p.ExitCode >= 40).Select(p => p.ExitCode!.Value).Order());
        var python = seen.Listed.First(p => p.Command.StartsWith("python3", StringComparison.Ordinal)).Number;
        Assert.All(seen.Listed.Where(p => p.ExitCode >= 40), p => Assert.Equal(python, p.Parent));
    }

    [Fact]
    public async Task Threads_are_no_processes_and_a_thread_may_end_the_program()
    {
        var seen = await SeenAsync("python3 -c 'import threading,os,time\nt=[threading.Thread(target=lambda: time.sleep(0.05)) for _ in range(8)]\n[x.start() for x in t]\nthreading.Thread(target=lambda: os._exit(7)).start()\ntime.sleep(9)'; true");
        var python = Assert.Single(seen.Listed, p => p.Command.StartsWith("python3", StringComparison.Ordinal));
        Assert.Equal(7, python.ExitCode);
    }

    [Fact]
    public async Task More_processes_than_are_listed_are_counted_and_those_that_failed_stay()
    {
        var seen = await SeenAsync("for i in $(seq 1 150); do /bin/true; done; /bin/false; for i in $(seq 1 50); do /bin/true; done");
        Assert.Equal(CallEffects.MaxProcesses, seen.Listed.Length);
        Assert.Contains(seen.Listed, p => p is { Command: "/bin/false", ExitCode: 1 });
        Assert.InRange(seen.LeftOut + seen.Listed.Length, 202, 206);
        Assert.Equal(Enumerable.Range(1, CallEffects.MaxProcesses), seen.Listed.Select(p => p.Number));
    }

    [Fact]
    public async Task A_flood_of_processes_stays_bounded_and_says_so()
    {
        var long1 = new string('x', 3000);
        var seen = await SeenAsync($"i=0; while [ $i -lt 1500 ]; do /bin/true {long1}; i=$((i+1)); done");
        Assert.Equal(CallEffects.MaxProcesses, seen.Listed.Length);
        Assert.True(seen.LeftOut > 1000);
        Assert.All(seen.Listed, p => Assert.True(p.Command.Length <= 300, p.Command));
    }

    [Fact]
    public async Task Secrets_and_terminal_escapes_in_arguments_are_masked()
    {
        var seen = await SeenAsync("/bin/true --token hunter2hunter2 PASSWORD=hunter2hunter2 https://me:hunter2hunter2@example.invalid/ -H 'Authorization: Bearer hunter2hunter2' \"$(printf '\\033]0;x\\007')\"");
        var line = Assert.Single(seen.Listed, p => p.Command.StartsWith("/bin/true", StringComparison.Ordinal)).Command;
        Assert.DoesNotContain("hunter2", line, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', line);
        Assert.Contains("--token ***", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_is_not_there_ends_as_in_a_shell_and_is_on_record()
    {
        await using var w = _fixture.Open();
        var result = await w.RunAsync(new SandboxCommand(["no-such-program", "x"]), TestContext.Current.CancellationToken);
        Assert.Equal(127, result.ExitCode);
        Assert.Equal("no-such-program x", Assert.Single(result.Processes!.Listed).Command);
    }

    [Fact]
    public async Task All_limits_that_were_hit_are_named()
    {
        await using var w = _fixture.Open();
        var limits = new SandboxLimits { Wall = TimeSpan.FromMilliseconds(700), OutputBytes = 1000 };
        var result = await Shell(w, "yes", limits);
        Assert.Equal(["wall time", "output"], result.LimitsHit);
        Assert.Equal("wall time", result.LimitHit);
    }

    [Fact]
    public async Task Commands_at_the_same_time_have_records_of_their_own()
    {
        await using var w = _fixture.Open();
        var all = await Task.WhenAll(Enumerable.Range(1, 4).Select(i => Shell(w, $"sleep 0.{i}1; true", readOnly: true)));
        Assert.Equal(
            ["sleep 0.11", "sleep 0.21", "sleep 0.31", "sleep 0.41"],
            all.Select(r => Assert.Single(r.Processes!.Listed, p => p.Command.StartsWith("sleep", StringComparison.Ordinal)).Command));
    }

    [Fact]
    public async Task Nothing_inside_can_take_the_record_away_or_hang_because_of_it()
    {
        var seen = await SeenAsync("kill -9 1 2>/dev/null; kill -9 -1 2>/dev/null & wait; sleep 0.1; /bin/echo after");
        Assert.Contains(seen.Listed, p => p.Command.StartsWith("sh", StringComparison.Ordinal));
        Assert.Equal("again\n", (await Shell(_fixture.Open("r9"), "echo again")).Output);
    }

    private async Task<ProcessesSeen> SeenAsync(string script)
    {
        await using var w = _fixture.Open();
        var result = await Shell(w, script);
        Assert.NotNull(result.Processes);
        return result.Processes;
    }
}
