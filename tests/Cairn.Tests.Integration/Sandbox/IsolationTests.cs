using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cairn.Sandbox;
using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>What a command must not see, reach, exceed or outlive.</summary>
public abstract class IsolationTests(string backend) : IDisposable
{
    private readonly SandboxFixture _fixture = new(options: new() { Backend = backend });

    public void Dispose()
    {
        _fixture.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task There_is_no_network_but_an_own_loopback()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var port = ((IPEndPoint)server.LocalEndpoint).Port;
        await using var w = _fixture.Open();
        var result = await w.RunAsync(
            new SandboxCommand(["bash", "-c", $"tail -n +3 /proc/net/dev | cut -d: -f1; exec 9<>/dev/tcp/127.0.0.1/{port} && echo connected"]),
            TestContext.Current.CancellationToken);
        Assert.Equal("lo", result.Output.Trim());
        Assert.NotEqual(0, result.ExitCode);
        Assert.False(server.Pending());
    }

    [Fact]
    public async Task The_environment_and_home_of_the_user_stay_out()
    {
        Environment.SetEnvironmentVariable("CAIRN_TEST_SECRET", "s3cret");
        await using var w = _fixture.Open();
        var result = await Shell(w, "env; cat /proc/*/environ | tr '\\0' '\\n'; ls -A /home /root /home/agent; ls -A / ; cat /etc/shadow; ls /etc/ssl/private /etc/ssh");
        Assert.DoesNotContain("s3cret", result.Output, StringComparison.Ordinal);
        var names = result.Output.Split('\n').Where(l => l.Contains('=', StringComparison.Ordinal)).Select(l => l.Split('=')[0]).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["HOME", "LANG", "LOGNAME", "PATH", "PWD", "SHELL", "TERM", "TMPDIR", "USER"], names.Where(n => n is not ("OLDPWD" or "SHLVL" or "_")));
        Assert.Contains("/home:\nagent", result.Output, StringComparison.Ordinal);
        Assert.Contains("cannot access '/root'", result.Error, StringComparison.Ordinal);
        Assert.Contains("/etc/shadow: No such file", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_is_no_root_has_no_capabilities_and_no_way_to_new_namespaces()
    {
        await using var w = _fixture.Open();
        var result = await Shell(w, "id -u; grep -h Cap /proc/self/status | cut -f2 | sort -u; ls -l /proc/self/fd | wc -l; unshare -U true; echo x > /usr/x; echo x > /etc/x; echo 1 > /proc/sys/kernel/core_pattern; mount -t tmpfs x /tmp");
        var lines = result.Output.Split('\n');
        Assert.NotEqual("0", lines[0]);
        Assert.Equal("0000000000000000", lines[1]);
        Assert.Equal("5", lines[2]); // total line, 0, 1, 2 and the directory itself: no descriptor leaks in
        Assert.Contains("unshare", result.Error, StringComparison.Ordinal);
        Assert.Contains("/usr/x", result.Error, StringComparison.Ordinal);
        Assert.Contains("/etc/x", result.Error, StringComparison.Ordinal);
        Assert.Contains("core_pattern", result.Error, StringComparison.Ordinal);
        Assert.Contains("mount", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_kernel_setting_can_be_written_and_no_kernel_memory_read()
    {
        await using var w = _fixture.Open();
        var result = await Shell(w, "find /proc -path '/proc/[0-9]*' -prune -o -type f -writable -exec test -f {} \\; -print 2>/dev/null | grep -v /proc/pressure/; cat /proc/kcore | head -c 10; cat /proc/kallsyms | head -c 10; ls /sys");
        Assert.Equal("", result.Output);
    }

    [Fact]
    public async Task A_time_out_kills_grandchildren_too()
    {
        await using var w = _fixture.Open();
        var mark = "987" + Random.Shared.Next(100000, 999999);
        var clock = Stopwatch.StartNew();
        var result = await Shell(w, $"(setsid sleep {mark} &) ; setsid sh -c 'trap \"\" TERM HUP; sleep {mark}' & sleep {mark}", new() { Wall = TimeSpan.FromMilliseconds(500) });
        Assert.True(result.TimedOut);
        Assert.Equal("", result.Error);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20));
        Assert.Empty(Processes(mark));
    }

    [Fact]
    public async Task Background_processes_do_not_outlive_their_command()
    {
        await using var w = _fixture.Open();
        var mark = "986" + Random.Shared.Next(100000, 999999);
        var result = await Shell(w, $"setsid sleep {mark} >/dev/null 2>&1 & echo started");
        Assert.Equal((0, "started\n"), (result.ExitCode, result.Output));
        Assert.Empty(Processes(mark));
    }

    [Fact]
    public async Task Cancelling_kills_the_tree_and_throws()
    {
        await using var w = _fixture.Open();
        var mark = "985" + Random.Shared.Next(100000, 999999);
        using var cancel = new CancellationTokenSource();
        var command = new SandboxCommand(["sh", "-c", $"echo ready; sleep {mark}"]) { OnOutput = _ => cancel.Cancel() };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => w.RunAsync(command, cancel.Token));
        Assert.Empty(Processes(mark));
        Assert.Equal(0, (await Shell(w, "true")).ExitCode);
    }

    [Fact]
    public async Task A_memory_bomb_is_contained_and_named()
    {
        Assert.SkipUnless(await Enforced("memory limit"), "No memory cgroup here.");
        await using var w = _fixture.Open();
        var result = await Shell(w, "head -c 400000000 /dev/zero | tail > /dev/null; echo survived", new() { MemoryBytes = 64 << 20 });
        Assert.Equal("memory", result.LimitHit);
        result = await Shell(w, "head -c 400000000 /dev/zero > /tmp/fill", new() { MemoryBytes = 64 << 20 });
        Assert.NotEqual(0, result.ExitCode);
    }

    [Fact]
    public async Task A_fork_bomb_is_contained_and_named()
    {
        Assert.SkipUnless(await Enforced("process limit"), "No pids cgroup here.");
        await using var w = _fixture.Open();
        var result = await w.RunAsync(
            new SandboxCommand(["bash", "-c", "b() { b | b & }; b; sleep 1; wait"]) { Limits = new() { Pids = 30, Wall = TimeSpan.FromSeconds(3) } },
            TestContext.Current.CancellationToken);
        Assert.Contains(result.LimitHit, (string[])["pids", "wall time"]);
        var calm = await Shell(w, "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 2 & done; wait; echo end", new() { Pids = 6 });
        Assert.Equal("pids", calm.LimitHit);
    }

    [Fact]
    public async Task A_flood_of_output_stays_bounded_and_keeps_head_and_tail()
    {
        await using var w = _fixture.Open();
        var told = 0L;
        var command = new SandboxCommand(["sh", "-c", "echo first; yes | head -c 100000000; echo last"])
        {
            Limits = new() { OutputBytes = 10_000 },
            OnOutput = text => Interlocked.Add(ref told, text.Length),
        };
        var result = await w.RunAsync(command, TestContext.Current.CancellationToken);
        Assert.Equal("output", result.LimitHit);
        Assert.StartsWith("first\n", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("last\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("99990011 bytes left out", result.Output, StringComparison.Ordinal);
        Assert.InRange(result.Output.Length, 10_000, 10_100);
        Assert.InRange(told, 9_000, 20_000); // each of the two streams is passed on up to the limit
    }

    [Fact]
    public async Task A_file_over_the_limit_cannot_be_written()
    {
        await using var w = _fixture.Open();
        var result = await Shell(w, "head -c 2000000 /dev/zero > big; stat -c %s big", new() { FileBytes = 1_000_000 });
        Assert.True(long.Parse(result.Output, System.Globalization.CultureInfo.InvariantCulture) <= 1_000_000);
    }

    [Fact]
    public async Task An_absolute_link_made_by_a_command_leads_nowhere_outside()
    {
        await using var w = _fixture.Open();
        await Shell(w, "ln -s /etc/hostname stolen; ln -s ../../../../../etc up; ln -s up/hostname chain");
        foreach (var path in (string[])["stolen", "up/hostname", "chain"])
        {
            Assert.Equal(FileProblem.Outside, Assert.Throws<WorkspaceException>(() => w.Read(path, 1000)).Problem);
        }
    }

    [Fact]
    public async Task Extra_mounts_are_read_only_and_a_required_one_must_exist()
    {
        var extra = Directory.CreateTempSubdirectory("cairn-extra-").FullName;
        File.WriteAllText(Path.Combine(extra, "f"), "extra");
        using var fixture = new SandboxFixture(options: new LayerStoreOptions { Backend = backend, Mounts = [new(extra, true), new("/no/such/place")] });
        await using var w = fixture.Open();
        var result = await Shell(w, $"cat {extra}/f; echo x > {extra}/g");
        Assert.Equal("extra", result.Output);
        Assert.Contains("Read-only", result.Error, StringComparison.Ordinal);
        Directory.Delete(extra, true);
        Assert.Equal(FileProblem.NotFound, (await Assert.ThrowsAsync<WorkspaceException>(() => Shell(w, "true"))).Problem);
    }

    [Fact]
    public async Task A_repository_with_an_odd_path_works()
    {
        using var fixture = new SandboxFixture("re po,with:odd\\chars\nand \"quotes\"=x,lowerdir=y", new() { Backend = backend });
        await using var w = fixture.Open();
        var result = await Shell(w, "cat readme.txt; echo x > n");
        Assert.Equal((0, "hello\n"), (result.ExitCode, result.Output));
        Assert.Equal(["n"], w.Freeze(LayerId.Parse("l1"))!.Changes.Select(c => c.Path));
    }

    [Fact]
    public async Task A_repository_of_another_owner_can_be_written_by_commands()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Changing owners needs root.");
        OnHost("chown", "-R", "12345:12346", _fixture.Repository);
        OnHost("chmod", "755", Path.GetDirectoryName(_fixture.Repository)!);
        await using var w = _fixture.Open();
        w.Write("src/made.txt", "x"u8, null);
        var result = await Shell(w, "id -u; echo two > readme.txt; echo y >> src/made.txt; mkdir d; stat -c %u:%g src/made.txt d readme.txt");
        Assert.Equal((0, "12345\n12345:12346\n12345:12346\n12345:12346\n", ""), (result.ExitCode, result.Output, result.Error));
        w.Freeze(LayerId.Parse("l1"));
        _fixture.Store.ApplyMerge(_fixture.Store.PlanMerge(_fixture.Repository, w.Top));
        using var process = Process.Start(new ProcessStartInfo("stat", ["-c", "%u", _fixture.In("src/made.txt")]) { RedirectStandardOutput = true })!;
        Assert.Equal("12345", (await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim());
    }

    [Fact]
    public async Task The_probe_finds_a_working_sandbox_and_names_what_it_tried()
    {
        var facts = await _fixture.Store.ProbeAsync(TestContext.Current.CancellationToken);
        Assert.All(facts.Where(f => f.Essential), f => Assert.True(f.Ok, $"{f.Name}: {f.Detail}"));
        Assert.Contains(facts, f => f.Name == "a command in the sandbox" && f.Detail.Contains(" ms", StringComparison.Ordinal));
    }

    private async Task<bool> Enforced(string name) =>
        (await _fixture.Store.ProbeAsync(TestContext.Current.CancellationToken)).Single(f => f.Name == name).Ok;

    /// <summary>The processes of the whole machine whose command line holds the mark.</summary>
    private static List<string> Processes(string mark) =>
        [.. Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])).Select(CommandLine).Where(c => c.Contains(mark, StringComparison.Ordinal))];

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(process + "/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
