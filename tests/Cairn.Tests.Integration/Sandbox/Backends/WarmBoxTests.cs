using Cairn.Sandbox;
using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox.Backends;

/// <summary>A sandbox that is used again must be as good as a new one.</summary>
public sealed class WarmBoxTests : IDisposable
{
    private readonly SandboxFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void It_is_the_backend_of_an_installation_that_has_the_helper() => Assert.Equal("box", _fixture.Store.Backend);

    [Fact]
    public void A_backend_that_does_not_exist_is_named()
    {
        var error = Assert.Throws<WorkspaceException>(() => new SandboxFixture(options: new() { Backend = "chroot" }));
        Assert.Contains("'chroot'; there are: box, bubblewrap", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_processes_and_shared_memory_of_one_command_are_gone_for_the_next()
    {
        await using var w = _fixture.Open();
        const string Leave = """
            echo t >/tmp/t; mkdir -p /var/tmp/a/b; echo x >/var/tmp/a/b/c; chmod 000 /var/tmp/a; ln -s /usr /home/agent/usr; echo s >/dev/shm/s
            ipcmk -M 4096 >/dev/null; (setsid sleep 300 >/dev/null 2>&1 &); echo left
            """;
        const string Look = "ls -A /tmp /var/tmp /home/agent /dev/shm /run | grep -v '^/' | grep -v '^cairn-' | grep -v '^$'; ipcs -m | grep -c 4096; ps -e | grep -c sleep";
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal("left\n", (await Shell(w, Leave)).Output);
            Assert.Equal("0\n0\n", (await Shell(w, Look)).Output);
        }
    }

    [Fact]
    public async Task A_workspace_of_another_run_leaves_no_name_behind()
    {
        await using (var w = _fixture.Open("r1"))
        {
            Assert.Equal(0, (await Shell(w, "true")).ExitCode);
        }

        using var other = new SandboxFixture();
        await using var second = _fixture.Store.Open(RunId.Parse("r2"), other.Repository, null);
        var found = await Shell(second, $"ls -d {Path.GetDirectoryName(_fixture.Repository)} 2>&1 | grep -c 'No such file'");
        Assert.Equal("1\n", found.Output);
    }

    [Fact]
    public async Task The_process_that_starts_commands_shows_them_nothing()
    {
        await using var w = _fixture.Open();
        var seen = await Shell(w, "tr -d '\\0' </proc/1/cmdline; cat /proc/1/environ /proc/1/maps; kill -9 1; kill -STOP 1; echo still here");
        Assert.DoesNotContain("/", seen.Output.Replace("/proc/1", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.EndsWith("still here\n", seen.Output, StringComparison.Ordinal);
        Assert.Equal("again\n", (await Shell(w, "echo again")).Output);
    }

    [Fact]
    public async Task A_command_that_was_killed_or_hit_its_memory_limit_does_not_spoil_the_next()
    {
        await using var w = _fixture.Open();
        var slow = await Shell(w, "setsid sleep 100 & sleep 100", new SandboxLimits { Wall = TimeSpan.FromMilliseconds(300) });
        Assert.True(slow.TimedOut);
        Assert.Equal("fine\n", (await Shell(w, "echo fine")).Output);
        if (Environment.IsPrivilegedProcess)
        {
            var small = new SandboxLimits { MemoryBytes = 64 << 20 };
            Assert.Equal("memory", (await Shell(w, "python3 -c 'x = bytearray(400 << 20)'", small)).LimitHit);
            var next = await Shell(w, "echo fine", small);
            Assert.Equal(("fine\n", null), (next.Output, next.LimitHit));
        }
    }

    [Fact]
    public async Task Many_readers_at_once_each_have_a_sandbox_of_their_own()
    {
        await using var w = _fixture.Open();
        var all = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Shell(w, $"echo {i} >/tmp/x; sleep 0.2; cat /tmp/x; ps -e | grep -c sleep", readOnly: true)));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"{i}\n0\n"), all.Select(r => r.Output));
    }

    [Fact]
    public async Task Long_arguments_and_input_arrive_whole()
    {
        await using var w = _fixture.Open();
        var text = new string('x', 100_000);
        var result = await w.RunAsync(
            new SandboxCommand(["sh", "-c", "printf %s \"$1$2$3\" | wc -c; wc -c", "sh", text, text, text]) { Input = new byte[300_000] }, TestContext.Current.CancellationToken);
        Assert.Equal("300000\n300000\n", result.Output);
    }
}
