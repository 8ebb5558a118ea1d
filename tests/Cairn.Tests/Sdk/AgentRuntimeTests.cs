using Cairn.Sdk;
using Cairn.Tests.Sandbox;

namespace Cairn.Tests.Sdk;

public sealed class AgentRuntimeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Typed_calls_pass_the_tools_own_checks_and_bring_data()
    {
        var workspace = new InMemoryWorkspace(("src/a.txt", "one\r\ntwo\n"))
        {
            OnRun = (_, c) => c.Arguments[0] == "rg"
                ? new SandboxResult(0, "./src/a.txt\02:two\n", "", TimeSpan.Zero, null)
                : new SandboxResult(3, "out", "err", TimeSpan.FromSeconds(2), null),
        };
        var runtime = new AgentRuntime(new DirectSyscalls(workspace, "t"));

        var file = (await runtime.ReadFileAsync("src/a.txt", Token)).OrStop();
        Assert.Equal("one\r\ntwo\n", file.Text);
        var edited = (await runtime.EditFileAsync("src/a.txt", file.Version, [new TextEdit("one", "1")], Token)).OrStop();
        var written = (await runtime.WriteFileAsync("src/a.txt", "2\n", edited.Version, Token)).OrStop();
        Assert.Equal(edited.Version, written.Before);
        Assert.Null((await runtime.WriteFileAsync("b", "x", null, Token)).OrStop().Before);
        Assert.Equal(["b", "src", "src/a.txt"], (await runtime.ListFilesAsync("", 64, Token)).OrStop().Entries.Select(e => e.Path));
        Assert.Equal(new SearchMatch("src/a.txt", 2, "two"), Assert.Single((await runtime.SearchCodeAsync("two", null, Token)).OrStop().Matches));
        Assert.Equal(3, (await runtime.RunCommandAsync("x", 5, Token)).OrStop().ExitCode);
    }

    [Fact]
    public async Task A_stale_write_is_a_conflict_and_not_an_exception()
    {
        var workspace = new InMemoryWorkspace(("a", "1"));
        var runtime = new AgentRuntime(new DirectSyscalls(workspace, "t"));
        var file = (await runtime.ReadFileAsync("a", Token)).OrStop();
        workspace.Put("a", "2"u8.ToArray());
        var answer = await runtime.WriteFileAsync("a", "3", file.Version, Token);
        Assert.Equal((SyscallStatus.Conflict, false), (answer.Status, answer.IsOk));
        Assert.Equal("2", workspace.TextOf("a"));
    }

    [Fact]
    public async Task A_binary_file_comes_as_its_bytes()
    {
        var workspace = new InMemoryWorkspace();
        workspace.Put("b", [0, 1, 255]);
        var file = (await new AgentRuntime(new DirectSyscalls(workspace, "t")).ReadFileAsync("b", Token)).OrStop();
        Assert.Equal(("binary", "AAH/", ""), (file.Encoding, file.Base64, file.Text));
    }

    [Fact]
    public async Task A_command_that_timed_out_still_has_its_output()
    {
        var workspace = new InMemoryWorkspace { OnRun = (_, _) => new SandboxResult(137, "so far", "", TimeSpan.FromSeconds(5), "wall time") };
        var answer = await new AgentRuntime(new DirectSyscalls(workspace, "t")).RunCommandAsync("sleep 9", 5, Token);
        Assert.Equal((SyscallStatus.TimedOut, "so far", false), (answer.Status, answer.Value!.Output, answer.Value.Passed));
    }

    [Theory]
    [InlineData(SyscallStatus.Denied)]
    [InlineData(SyscallStatus.OverBudget)]
    [InlineData(SyscallStatus.Failed)]
    public async Task An_agent_that_cannot_go_on_ends_with_a_failure_that_says_why(SyscallStatus status)
    {
        var kernel = new DirectSyscalls(new InMemoryWorkspace(), "t") { Instead = _ => new SyscallResult(status, "rule 7") };
        Assert.Equal(new AgentResult(false, $"{status}: rule 7"), await new Reader().RunAsync(kernel, Token));
    }

    [Fact]
    public async Task A_host_that_gives_no_data_is_a_bug()
    {
        var kernel = new DirectSyscalls(new InMemoryWorkspace(), "t") { Instead = _ => new SyscallResult(SyscallStatus.Ok, "text only") };
        await Assert.ThrowsAsync<InvalidOperationException>(() => new Reader().RunAsync(kernel, Token));
    }

    private sealed class Reader : CodeAgent
    {
        protected override async Task<AgentResult> WorkAsync(AgentRuntime runtime, CancellationToken cancellationToken) =>
            new(true, (await runtime.ReadFileAsync("a", cancellationToken)).OrStop().Text);
    }
}
