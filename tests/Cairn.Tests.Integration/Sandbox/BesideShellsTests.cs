using System.Text;
using Cairn.Sandbox;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>Commands and servers beside programs that run on in shells and hold the workspace.</summary>
public sealed class BesideShellsTests : IDisposable
{
    private readonly SandboxFixture _fixture = new();
    private readonly RunId _run = RunId.Parse("r1");
    private int _calls;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _fixture.Store.EndShells(_run);
        _fixture.Dispose();
    }

    [Fact]
    public async Task A_command_shares_the_files_and_nothing_else_and_its_changes_are_its_own()
    {
        await using var workspace = _fixture.Open();
        await Type(workspace, "python3 -q\n");
        await Type(workspace, "import os; open('one', 'w').write('1') and None; open('/tmp/private', 'w').write('x') and None\n");
        Assert.Equal(["one"], workspace.Freeze(LayerId.Parse("r1.1"))!.SinceLast.Select(c => c.Path));
        workspace.Shells!.Begin(CallId.Parse("c1"));
        var result = await SandboxFixture.Shell(workspace, "cat one; echo two > two; echo more >> readme.txt; ls /tmp; ls /proc | grep -c '^[0-9]'; touch .git/x; kill -9 -1; exit 4");
        Assert.True(result.ExitCode is 4 or 137, result.Error);
        var lines = result.Output.Split('\n');
        Assert.Equal("1", lines[0][..1]);
        Assert.DoesNotContain("private", result.Output, StringComparison.Ordinal);
        Assert.Contains("Read-only file system", result.Error, StringComparison.Ordinal);
        Assert.Contains(result.Processes!.Listed, p => p.Command.Contains("cat one", StringComparison.Ordinal));
        Assert.DoesNotContain(result.Processes.Listed, p => p.Command.Contains("python3", StringComparison.Ordinal));
        Assert.Equal("c1", workspace.Shells.Set!.Mark);

        // The program is the same one, it sees what the command wrote, and the call's effect is what the command did.
        Assert.Contains("two\r\n 1 hello", (await Type(workspace, "print(open('two').read(), open('one').read(), open('readme.txt').read())\n")).Output, StringComparison.Ordinal);
        var frozen = workspace.Freeze(LayerId.Parse("r1.2"))!;
        Assert.Equal(["readme.txt", "two"], frozen.SinceLast.Select(c => c.Path));
        Assert.Equal(["one", "readme.txt", "two"], frozen.Changes.Select(c => c.Path));
        Assert.Equal(0, (await SandboxFixture.Shell(workspace, "rm one two; git checkout -q 2>/dev/null; printf 'hello\\n' > readme.txt")).ExitCode);
        var undone = workspace.Freeze(LayerId.Parse("r1.3"))!;
        Assert.Equal([("one", ChangeKind.Deleted), ("readme.txt", ChangeKind.Modified), ("two", ChangeKind.Deleted)], undone.SinceLast.Select(c => (c.Path, c.Change)));
        Assert.Equal(0, (await Type(workspace, "exit()\n")).ExitCode);
        Assert.Equal(0, (await SandboxFixture.Shell(workspace, "echo own > own")).ExitCode);
        Assert.Equal(["own"], workspace.Freeze(LayerId.Parse("r1.4"))!.SinceLast.Select(c => c.Path));
    }

    [Fact]
    public async Task A_command_that_is_cut_off_leaves_nothing_and_ends_what_may_have_seen_it()
    {
        ShellSet known;
        await using (var workspace = _fixture.Open())
        {
            await Type(workspace, "sleep 987.5 &\n");
            known = workspace.Shells!.Set!;
            workspace.Shells.Begin(CallId.Parse("c1"));
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var command = new SandboxCommand(["sh", "-c", "echo half > half; echo begun; sleep 60"]) { OnOutput = _ => stop.Cancel() };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => workspace.RunAsync(command, stop.Token));
        }

        await using var again = _fixture.Store.Open(_run, _fixture.Repository, null, known);
        Assert.Null(again.Stat("half"));
        Assert.Contains((await Type(again, "true\n")).Notes, n => n.Contains("sleep 987.5", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_cannot_share_the_files_is_refused_by_name_before_anything_ran()
    {
        await using var workspace = _fixture.Open();
        await Type(workspace, "python3 -q\n");
        var mount = new SandboxCommand(["true"]) { Mounts = [new("/usr/share", "/opt/share")] };
        var refused = await Assert.ThrowsAsync<WorkspaceException>(() => workspace.RunAsync(mount, Cancel));
        Assert.Contains("python3", refused.Message, StringComparison.Ordinal);
        refused = await Assert.ThrowsAsync<WorkspaceException>(() => workspace.StartAsync(new(["cat"]), Cancel));
        Assert.Contains("python3", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await SandboxFixture.Shell(workspace, "true")).ExitCode);
    }

    [Fact]
    public async Task What_programs_in_shells_write_is_limited_and_the_limit_is_named()
    {
        await using var workspace = _fixture.Open();
        var limits = new SandboxLimits { DiskBytes = 8 << 20 };
        await Type(workspace, "echo one > one\n", limits);
        Assert.NotNull(workspace.Freeze(LayerId.Parse("r1.1")));
        var e = await Assert.ThrowsAsync<WorkspaceException>(() => Type(workspace, "yes > flood\n", limits));
        Assert.Contains("limit on disk", e.Message, StringComparison.Ordinal);
        workspace.Discard();
        var answer = await Type(workspace, "cat one; ls\n", limits);
        Assert.Contains("one", answer.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("flood", answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_live_server_writes_is_limited_and_the_limit_is_named()
    {
        await using var workspace = _fixture.Open();
        await using var server = await workspace.StartAsync(new(["sh", "-c", "yes > flood"]) { Limits = new SandboxLimits { DiskBytes = 8 << 20 } }, Cancel);
        await server.Ended.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.Equal("disk", server.LimitHit);
    }

    private Task<ShellAnswer> Type(IWorkspace workspace, string text, SandboxLimits? limits = null) => workspace.Shells!.SendAsync(
        new(CallId.Parse($"{++_calls}.1.{_calls}"), "main", Encoding.UTF8.GetBytes(text), TimeSpan.FromSeconds(20), 64 * 1024) { Limits = limits ?? new() }, Cancel);
}
