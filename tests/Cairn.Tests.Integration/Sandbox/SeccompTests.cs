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
    public async Task A_call_that_no_build_needs_is_not_permitted(string name, int x64, int arm64)
    {
        var number = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? arm64 : x64;
        var errno = await ErrnoAsync(number.ToString(CultureInfo.InvariantCulture));
        Assert.True(errno == "1", $"{name} gives errno {errno}, not EPERM");
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

    private async Task<string> ErrnoAsync(string number) =>
        (await PythonAsync($"import ctypes\nlibc=ctypes.CDLL(None,use_errno=True)\nr=libc.syscall({number},0,0,0,0,0,0)\nprint(ctypes.get_errno() if r<0 else 'done')")).Trim();

    private async Task<string> PythonAsync(string program)
    {
        await using var workspace = _fixture.Open();
        var result = await workspace.RunAsync(new SandboxCommand(["python3", "-c", program]), TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output;
    }
}
