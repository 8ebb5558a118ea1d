using System.Globalization;
using System.Runtime.InteropServices;

namespace Cairn.Tests.Integration.Sandbox;

public abstract class SeccompTests(string backend) : IDisposable
{
    private readonly SandboxFixture _fixture = new(options: new() { Backend = backend });

    [Fact]
    public async Task A_filter_is_in_force_and_cannot_be_taken_off()
    {
        Assert.Equal("2", (await PythonAsync("print([l.split()[1] for l in open('/proc/self/status') if l.startswith('Seccomp:')][0])")).Trim());
        Assert.Equal("1", (await PythonAsync("print([l.split()[1] for l in open('/proc/self/status') if l.startswith('NoNewPrivs:')][0])")).Trim());
    }

    [Theory]
    [InlineData("io_uring_setup", 425, 425)]
    [InlineData("keyctl", 250, 219)]
    [InlineData("add_key", 248, 217)]
    [InlineData("bpf", 321, 280)]
    [InlineData("userfaultfd", 323, 282)]
    [InlineData("unshare", 272, 97)]
    [InlineData("setns", 308, 268)]
    [InlineData("mount", 165, 40)]
    [InlineData("open_tree", 428, 428)]
    [InlineData("ptrace", 101, 117)]
    [InlineData("perf_event_open", 298, 241)]
    [InlineData("process_vm_readv", 310, 270)]
    [InlineData("open_by_handle_at", 304, 265)]
    [InlineData("fsopen", 430, 430)]
    [InlineData("mount_setattr", 442, 442)]
    [InlineData("pidfd_getfd", 438, 438)]
    [InlineData("kexec_load", 246, 104)]
    [InlineData("init_module", 175, 105)]
    [InlineData("chroot", 161, 51)]
    [InlineData("pivot_root", 155, 41)]
    public async Task A_call_that_no_build_needs_is_not_permitted_in_any_profile(string name, int x64, int arm64)
    {
        var number = Number(x64, arm64);
        foreach (var profile in Enum.GetValues<SandboxProfile>())
        {
            var errno = await ErrnoAsync(number, profile);
            Assert.True(errno == "1", $"{name} gives errno {errno}, not EPERM, in {profile}");
        }
    }

    [Theory]
    [InlineData("mknodat", 259, 33)]
    [InlineData("fchownat", 260, 54)]
    [InlineData("setxattr", 188, 5)]
    [InlineData("removexattr", 197, 14)]
    [InlineData("memfd_create", 319, 279)]
    [InlineData("personality", 135, 92)]
    [InlineData("shmget", 29, 194)]
    [InlineData("semget", 64, 190)]
    [InlineData("msgget", 68, 186)]
    [InlineData("vmsplice", 278, 75)]
    [InlineData("process_madvise", 440, 440)]
    [InlineData("memfd_secret", 447, 447)]
    public async Task What_only_builds_need_is_off_in_the_narrow_profiles_and_on_in_the_other(string name, int x64, int arm64)
    {
        var number = Number(x64, arm64);
        foreach (var profile in (SandboxProfile[])[SandboxProfile.ReadOnly, SandboxProfile.Deploy])
        {
            var errno = await ErrnoAsync(number, profile);
            Assert.True(errno == "1", $"{name} gives errno {errno}, not EPERM, in {profile}");
        }

        Assert.NotEqual("1", await ErrnoAsync(number, SandboxProfile.Build));
    }

    [Fact]
    public async Task Families_of_sockets_are_those_of_the_profile()
    {
        const string program = """
            import socket, errno
            def can(family, kind=socket.SOCK_STREAM):
                try:
                    socket.socket(family, kind).close()
                    return 'yes'
                except OSError as e:
                    return errno.errorcode[e.errno]
            print(can(1), can(2), can(10), can(16, socket.SOCK_RAW), can(17, socket.SOCK_RAW), can(38, socket.SOCK_SEQPACKET), can(40))
            """;
        const string Off = "EAFNOSUPPORT";
        Assert.Equal($"yes yes yes yes {Off} {Off} {Off}", (await PythonAsync(program)).Trim());
        Assert.Equal($"yes yes yes yes {Off} {Off} {Off}", (await PythonAsync(program, SandboxProfile.Deploy)).Trim());
        Assert.Equal($"yes {Off} {Off} {Off} {Off} {Off} {Off}", (await PythonAsync(program, SandboxProfile.ReadOnly)).Trim());
    }

    [Fact]
    public async Task A_narrow_profile_changes_nothing_in_the_workspace_and_starts_nothing_of_its_own()
    {
        foreach (var profile in (SandboxProfile[])[SandboxProfile.ReadOnly, SandboxProfile.Deploy])
        {
            await using var w = _fixture.Open();
            var result = await w.RunAsync(
                new SandboxCommand(["sh", "-c", "echo x >new.txt || echo kept; ./run.sh; echo $?; git --version >/dev/null && python3 -c 'print(6 * 7)'; echo t >/tmp/t && cat /tmp/t"]) { Profile = profile },
                TestContext.Current.CancellationToken);
            Assert.Equal("kept\n126\n42\nt\n", result.Output);
            Assert.Null(w.Freeze(LayerId.Parse("l1")));
        }
    }

    [Theory]
    [InlineData("/tmp")]
    [InlineData("/var/tmp")]
    [InlineData("/dev/shm")]
    [InlineData("$HOME")]
    [InlineData("/run")]
    [InlineData("/dev")]
    [InlineData(".")]
    public async Task Without_programs_of_its_own_no_place_that_can_be_written_is_a_place_for_programs(string place)
    {
        const string attempt = """
            cp /bin/true "$1/program" 2>/dev/null || { echo no place; exit; }
            chmod 755 "$1/program"; "$1/program" 2>/dev/null; echo "$?"
            "$(ls /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 2>/dev/null | head -n 1)" "$1/program" 2>/dev/null; echo "$?"
            """;
        await using var w = _fixture.Open();
        var command = new SandboxCommand(["sh", "-c", $"set -- {place}\n{attempt}"]);
        var open = await w.RunAsync(command, TestContext.Current.CancellationToken);
        var closed = await w.RunAsync(command with { NoExec = true }, TestContext.Current.CancellationToken);
        Assert.True(open.Output is "0\n0\n" or "no place\n" || place == "/dev", open.Output);
        Assert.True(closed.Output is "126\n127\n" or "no place\n", closed.Output);
        Assert.True(place is "/run" or "/dev" || closed.Output == "126\n127\n", "nothing was tried in " + place);
    }

    [Fact]
    public async Task Without_programs_of_its_own_a_hook_of_the_repository_is_none_either()
    {
        var hook = _fixture.In(".git/hooks/pre-commit");
        File.Copy("/bin/true", hook);
        await using var w = _fixture.Open();
        var command = new SandboxCommand(["sh", "-c", ".git/hooks/pre-commit; echo $?; touch .git/hooks/x"]);
        Assert.StartsWith("0\n", (await w.RunAsync(command, TestContext.Current.CancellationToken)).Output, StringComparison.Ordinal);
        var closed = await w.RunAsync(command with { NoExec = true }, TestContext.Current.CancellationToken);
        Assert.StartsWith("126\n", closed.Output, StringComparison.Ordinal);
        Assert.Contains("Read-only file system", closed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Typing_into_the_terminal_is_not_permitted_and_other_terminal_requests_are()
    {
        const string ioctl = "import fcntl,errno,os,pty\nm,s=pty.openpty()\n";
        Assert.Equal("EPERM", (await PythonAsync(ioctl + "try:\n fcntl.ioctl(s,0x5412,b'x')\n print('typed')\nexcept OSError as e: print(errno.errorcode[e.errno])")).Trim());
        Assert.Equal("ok", (await PythonAsync(ioctl + "fcntl.ioctl(s,0x5413,b'\\0'*8)\nprint('ok')")).Trim());
    }

    [Fact]
    public async Task Threads_and_children_work_as_ever()
    {
        const string program = """
            import threading, subprocess
            done = []
            t = [threading.Thread(target=lambda: done.append(1)) for _ in range(8)]
            [x.start() for x in t]; [x.join() for x in t]
            print(len(done), subprocess.run(['echo', 'child'], capture_output=True, text=True).stdout.strip())
            """;
        Assert.Equal("8 child", (await PythonAsync(program)).Trim());
    }

    public void Dispose()
    {
        _fixture.Dispose();
        GC.SuppressFinalize(this);
    }

    private static int Number(int x64, int arm64) => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? arm64 : x64;

    private async Task<string> ErrnoAsync(int number, SandboxProfile profile) =>
        (await PythonAsync($"import ctypes\nlibc=ctypes.CDLL(None,use_errno=True)\nr=libc.syscall({number.ToString(CultureInfo.InvariantCulture)},0,0,0,0,0,0)\nprint(ctypes.get_errno() if r<0 else 'done')", profile)).Trim();

    private async Task<string> PythonAsync(string program, SandboxProfile profile = SandboxProfile.Build)
    {
        await using var workspace = _fixture.Open();
        var result = await workspace.RunAsync(new SandboxCommand(["/usr/bin/python3", "-c", program]) { Profile = profile }, TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output;
    }
}
