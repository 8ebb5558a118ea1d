using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Cairn.Sandbox.Sessions;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>Persistent shells in real sandboxes.</summary>
public sealed partial class ShellTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly SandboxFixture _fixture = new();
    private readonly RunId _run = RunId.Parse("r1");
    private int _calls;

    public void Dispose()
    {
        _fixture.Store.EndShells(_run);
        _fixture.Dispose();
    }

    [Fact]
    public async Task A_shell_keeps_directory_variables_functions_and_options_between_calls()
    {
        await using var workspace = _fixture.Open();
        await Type(workspace, "cd src/deep\n");
        await Type(workspace, "export COLOUR='deep blue'\ngreet() { echo \"hello $1\"; }\nset -o noclobber\n");
        var answer = await Type(workspace, "pwd; echo $COLOUR; greet you; set -o | grep noclobber\n");
        Assert.Contains($"{_fixture.Repository}/src/deep", answer.Output, StringComparison.Ordinal);
        Assert.Contains("deep blue", answer.Output, StringComparison.Ordinal);
        Assert.Contains("hello you", answer.Output, StringComparison.Ordinal);
        Assert.Matches("noclobber\\s+on", answer.Output);
        Assert.Equal(0, answer.ExitCode);
        Assert.Equal($"{_fixture.Repository}/src/deep", answer.Directory);
        Assert.Equal(7, (await Type(workspace, "(exit 7)\n")).ExitCode);
    }

    [Fact]
    public async Task Between_calls_layers_are_frozen_files_written_and_commands_run_and_the_same_shell_sees_it()
    {
        await using var workspace = _fixture.Open();
        var pid = Number(await Type(workspace, "cd src; echo made > by-shell; echo pid=$$\n"));
        Assert.Equal(["src/by-shell"], workspace.Freeze(LayerId.Parse("r1.1"))!.Changes.Select(c => c.Path));
        workspace.Write("src/by-tool", "tool"u8, null);
        Assert.Equal(["src/by-tool"], workspace.Freeze(LayerId.Parse("r1.2"))!.Changes.Select(c => c.Path));
        await SandboxFixture.Shell(workspace, "echo command > src/by-command");
        var answer = await Type(workspace, "ls; cat by-shell by-tool by-command; echo pid=$$; touch .git/x; touch ../.git/x\n");
        Assert.Contains("made\r\ntoolcommand", answer.Output, StringComparison.Ordinal);
        Assert.Contains("Read-only file system", answer.Output, StringComparison.Ordinal);
        Assert.Equal(pid, Number(answer));
        Assert.Equal(LayerId.Parse("r1.3"), workspace.Freeze(LayerId.Parse("r1.3"))!.Layer);
    }

    [Fact]
    public async Task A_shell_that_is_built_again_has_its_history()
    {
        ShellSet known;
        await using (var workspace = _fixture.Open())
        {
            await Type(workspace, "echo first thing\n");
            await Type(workspace, "for i in 1 2; do\necho \"it's $i\"\ndone\n");
            known = workspace.Shells!.Set!;
        }

        _fixture.Store.EndShells(_run);
        await using var again = _fixture.Store.Open(_run, _fixture.Repository, null, known);
        var answer = await Type(again, "history; fc -ln -1\n");
        Assert.Contains("echo first thing", answer.Output, StringComparison.Ordinal);
        Assert.Contains("echo \"it's $i\"", answer.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("__cairn", answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Somebody_attached_sees_what_is_printed_types_into_what_runs_and_sets_the_size()
    {
        await using var workspace = _fixture.Open();
        await Type(workspace, "echo before\n");
        using var one = await ShellTerminal.OpenAsync(_fixture.State, _run, null);
        using var two = await ShellTerminal.OpenAsync(_fixture.State, _run, "main");
        var (first, second) = (new Seen(), new Seen());
        await one.WatchAsync(first.Add);
        await two.WatchAsync(second.Add);
        Assert.Contains("rests", await one.TypeAsync("echo never\n"u8.ToArray()), StringComparison.Ordinal);
        var running = workspace.Shells!.SendAsync(
            new(CallId.Parse("c77"), "main", "stty size; read -r answer; stty size; echo got=$answer\n"u8.ToArray(), Patience, 64 * 1024), TestContext.Current.CancellationToken);
        await first.UntilAsync("40 120");
        await one.ResizeAsync(91, 33);
        Assert.Null(await one.TypeAsync("by hand\n"u8.ToArray()));
        var answer = await running;
        for (var i = 0; !answer.Output.Contains("got=by hand", StringComparison.Ordinal) && i < 5; i++)
        {
            // The program asked for input before it was there: that is an answer as well.
            answer = await workspace.Shells.SendAsync(new(CallId.Parse($"c8{i}"), "main", default, Patience, 64 * 1024), TestContext.Current.CancellationToken);
        }

        await second.UntilAsync("got=by hand");
        await second.UntilAsync("33 91");
        await first.UntilAsync("got=by hand");
        Assert.Contains("does-not-exist", (await Assert.ThrowsAsync<WorkspaceException>(() => ShellTerminal.OpenAsync(_fixture.State, _run, "does-not-exist"))).Message, StringComparison.Ordinal);
        await workspace.Shells.CloseAsync(CallId.Parse("c99"), "main", TestContext.Current.CancellationToken);
        await one.Ended.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Contains("no live shell", (await Assert.ThrowsAsync<WorkspaceException>(() => ShellTerminal.OpenAsync(_fixture.State, _run, null))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shells_live_under_the_limits_that_they_were_opened_with()
    {
        await using var workspace = _fixture.Open();
        var limits = new SandboxLimits { Pids = 20, OpenFiles = 300, FileBytes = 1 << 20, CpuSeconds = 60 };
        var answer = await workspace.Shells!.SendAsync(
            new(CallId.Parse("c1"), "main", "ulimit -n; ulimit -f; ulimit -t; for i in $(seq 1 60); do sleep 3 & done 2>&1 | grep -c -i resource; pkill sleep; wait\n"u8.ToArray(), Patience, 64 * 1024) { Limits = limits },
            TestContext.Current.CancellationToken);
        Assert.Matches("300\\r\\n(1024|2048)\\r\\n6[01]\\r\\n", answer.Output);
    }

    [Fact]
    public async Task A_program_that_runs_on_shares_files_with_the_tools_and_each_freeze_holds_what_there_is()
    {
        await using var workspace = _fixture.Open();
        var answer = await Type(workspace, "python3 -q\n");
        Assert.True(answer.AsksForInput, answer.Output);
        Assert.Contains(answer.Running, r => r.Contains("python3", StringComparison.Ordinal));
        await Type(workspace, "x = 41; open('one', 'w').write('1') and None\n");
        Assert.Equal(["one"], workspace.Freeze(LayerId.Parse("r1.1"))!.Changes.Select(c => c.Path));
        Assert.Null(workspace.Freeze(LayerId.Parse("r1.2")));

        workspace.Shells!.Begin(CallId.Parse("w1"));
        workspace.Write("new/two", "by tool"u8, null);
        workspace.Write("readme.txt", "changed"u8, workspace.Read("readme.txt", 100).Version);
        Assert.Equal("w1", workspace.Shells.Set!.Mark);
        Assert.Contains("by tool changed 42", (await Type(workspace, "print(open('new/two').read(), open('readme.txt').read(), x + 1)\n")).Output, StringComparison.Ordinal);
        var copy = workspace.Freeze(LayerId.Parse("r1.3"))!;
        Assert.Equal((null, LayerId.Parse("r1.3")), (copy.Parent, workspace.Top));
        Assert.Equal(["new", "new/two", "one", "readme.txt"], copy.Changes.Select(c => c.Path));
        Assert.Equal(["new", "new/two", "readme.txt"], copy.SinceLast.Select(c => c.Path));

        Assert.Equal(0, (await Type(workspace, "exit()\n")).ExitCode);
        Assert.Null(workspace.Freeze(LayerId.Parse("r1.4")));
        Assert.Equal(0, (await SandboxFixture.Shell(workspace, "grep -q tool new/two && rm one")).ExitCode);
        var last = workspace.Freeze(LayerId.Parse("r1.5"))!;
        Assert.Equal(["new", "new/two", "readme.txt"], last.Changes.Select(c => c.Path));
        Assert.Equal([("one", ChangeKind.Deleted)], last.SinceLast.Select(c => (c.Path, c.Change)));
        await using var other = _fixture.Open("r2", "r1.3");
        Assert.Equal("by tool"u8, other.Read("new/two", 100).Content.Span);
        Assert.Equal("1"u8, other.Read("one", 100).Content.Span);
    }

    [Fact]
    public async Task Control_keys_interrupt_and_stop_what_runs()
    {
        await using var workspace = _fixture.Open();
        Assert.Contains("sleep 500", (await Type(workspace, "sleep 500\n", seconds: 1)).Running);
        Assert.Equal(130, (await Type(workspace, "\u0003")).ExitCode);
        var stopped = await Type(workspace, "sleep 600\n", seconds: 1);
        Assert.Null(stopped.ExitCode);
        Assert.Contains("sleep 600", (await Type(workspace, "\u001a")).Running);
        Assert.Contains("Stopped", (await Type(workspace, "jobs\n")).Output, StringComparison.Ordinal);
        Assert.Empty((await Type(workspace, "kill -9 %1; wait -f %1\n")).Running);
        Assert.True((await Type(workspace, "\u0004")).Ended);
        Assert.Empty(workspace.Shells!.Set!.Open);
    }

    [Fact]
    public async Task Live_shells_go_on_with_the_same_processes_in_a_store_that_is_opened_anew()
    {
        ShellSet set;
        string pid;
        await using (var workspace = _fixture.Open())
        {
            pid = Number(await Type(workspace, "secret=kept; sleep 700 & echo pid=$$\n"));
            set = workspace.Shells!.Set!;
        }

        _fixture.Restart();
        await using var again = _fixture.Store.Open(_run, _fixture.Repository, null, set);
        var answer = await Type(again, "echo $secret pid=$$\n");
        Assert.Equal(pid, Number(answer));
        Assert.Contains("kept pid=", answer.Output, StringComparison.Ordinal);
        Assert.Contains("sleep 700", answer.Running);
        Assert.Empty(answer.Notes);
    }

    [Fact]
    public async Task Shells_of_another_time_are_ended_and_named_and_come_back_as_they_were_then()
    {
        ShellSet early;
        await using (var workspace = _fixture.Open())
        {
            await Type(workspace, "cd src; export A='one\ntwo' B=b; f() { echo fun $1; }; alias l='echo listed'; shopt -s extglob; set -u; umask 027; arr=(x 'y z')\n");
            early = workspace.Shells!.Set!;
            await Type(workspace, "cd /; unset A; f() { echo other; }; set +u; sleep 800 &\n");
        }

        _fixture.Restart();
        await using var back = _fixture.Store.Open(_run, _fixture.Repository, null, early);
        var answer = await Type(back, "pwd; echo \"$A.$B\"; f x; l; shopt extglob; umask; echo ${arr[1]}; declare -p B; set -o | grep nounset\n");
        Assert.Contains(answer.Notes, n => n.Contains("sleep 800", StringComparison.Ordinal));
        Assert.Contains(answer.Notes, n => n.Contains("built again", StringComparison.Ordinal));
        Assert.Matches(
            $"{Regex.Escape(_fixture.Repository)}/src\r\none\r\ntwo.b\r\nfun x\r\nlisted\r\nextglob\\s+on\r\n0027\r\ny z\r\ndeclare -x B=\"b\"\r\nnounset\\s+on", answer.Output);
        Assert.Empty(answer.Running);
        await NobodyRuns("sleep 800");
    }

    [Fact]
    public async Task When_the_holder_is_killed_nothing_survives_it_and_what_ran_is_named_as_lost()
    {
        var workspace = _fixture.Open();
        await Type(workspace, "export KEPT=yes; cd src/deep; setsid -f sleep 900; sleep 901 & sleep 0.3\n");
        Process.GetProcessById(Holder()).Kill();
        await NobodyRuns("sleep 900");
        await NobodyRuns("sleep 901");
        var set = workspace.Shells!.Set;
        await workspace.DisposeAsync();
        _fixture.Restart();
        await using var again = _fixture.Store.Open(_run, _fixture.Repository, null, set);
        var answer = await Type(again, "echo $KEPT; pwd\n");
        Assert.Contains($"yes\r\n{_fixture.Repository}/src/deep", answer.Output, StringComparison.Ordinal);
        Assert.Contains(answer.Notes, n => n == "Lost with it: sleep 900");
        Assert.Contains(answer.Notes, n => n == "Lost with it: sleep 901");
    }

    [Fact]
    public async Task A_holder_whose_state_directory_is_gone_ends_itself()
    {
        var workspace = _fixture.Open();
        await Type(workspace, "sleep 902 &\n");
        var holder = Holder();
        await workspace.DisposeAsync();
        File.Delete(Path.Combine(_fixture.State, "shells", "r1.sock"));
        await Until(() => !Directory.Exists($"/proc/{holder}"));
        await NobodyRuns("sleep 902");
    }

    [Fact]
    public async Task A_closed_shell_takes_its_jobs_along_and_the_last_one_its_sandbox()
    {
        await using var workspace = _fixture.Open();
        await Type(workspace, "sleep 903 &\n", "one");
        await Type(workspace, "true\n", "two");
        Assert.Null(await workspace.Shells!.CloseAsync(CallId.Parse("x"), "three", TestContext.Current.CancellationToken));
        Assert.Empty((await workspace.Shells.CloseAsync(CallId.Parse("y"), "one", TestContext.Current.CancellationToken))!.Running);
        await workspace.Shells.CloseAsync(CallId.Parse("z"), "two", TestContext.Current.CancellationToken);
        Assert.Empty(workspace.Shells.Set!.Open);
        await NobodyRuns("sleep 903");
        Assert.Empty(_fixture.Store.RunsWithShells());
    }

    [Fact]
    public async Task A_flood_is_bounded_and_a_shell_that_breaks_its_own_hook_harms_only_itself()
    {
        await using var workspace = _fixture.Open();
        var flood = await Type(workspace, "head -c 5000000 /dev/zero | tr '\\0' x\n");
        Assert.InRange(flood.Output.Length, 1000, 70_000);
        Assert.Equal(0, flood.ExitCode);
        var broken = await Type(workspace, "exec 250>&- 251<&-\n", seconds: 2);
        Assert.Null(broken.ExitCode);
        Assert.Equal(0, (await Type(workspace, "echo fine\n", "other")).ExitCode);
    }

    private static string Number(ShellAnswer answer) => Pid().Matches(answer.Output)[^1].Groups[1].Value;

    private static List<int> Running(string line) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, out _)).Select(n => int.Parse(n!, CultureInfo.InvariantCulture)).Where(id => Line(id).Contains(line, StringComparison.Ordinal))];

    private static string Line(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").Replace('\0', ' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static Task NobodyRuns(string line) => Until(() => Running(line).Count == 0);

    private static async Task Until(Func<bool> condition)
    {
        var started = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(started.Elapsed < Patience);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private int Holder() => Assert.Single(Running($"cairn-shell hold shells/r1.sock {_fixture.Repository} "));

    private Task<ShellAnswer> Type(IWorkspace workspace, string text, string shell = "main", int seconds = 20) =>
        workspace.Shells!.SendAsync(
            new(CallId.Parse($"{++_calls}.1.{_calls}"), shell, Encoding.UTF8.GetBytes(text), TimeSpan.FromSeconds(seconds), 64 * 1024),
            TestContext.Current.CancellationToken);

    [GeneratedRegex("pid=([0-9]+)")]
    private static partial Regex Pid();

    private sealed class Seen
    {
        private readonly System.Text.StringBuilder _text = new();
        private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Add(ReadOnlyMemory<byte> bytes)
        {
            lock (_text)
            {
                _text.Append(Encoding.UTF8.GetString(bytes.Span));
                _more.TrySetResult();
                _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public async Task UntilAsync(string part)
        {
            using var late = new CancellationTokenSource(Patience);
            while (true)
            {
                Task more;
                lock (_text)
                {
                    if (_text.ToString().Contains(part, StringComparison.Ordinal))
                    {
                        return;
                    }

                    more = _more.Task;
                }

                await more.WaitAsync(late.Token);
            }
        }
    }
}
