using System.Text;
using System.Text.Json.Nodes;
using Cairn.Tests.Sandbox;
using Cairn.Tools.Lsp;

namespace Cairn.Tests.Tools.Lsp;

public sealed class LanguageServerPoolTests
{
    private const string Root = "file:///repo/";

    [Fact]
    public async Task A_server_is_started_when_it_is_first_asked_with_the_least_rights_and_serves_the_next_call_too()
    {
        await using var bench = new FakeBench(Files(), _ => Answering());
        Assert.Empty(bench.Started);
        Assert.Contains("a.x:1", (await bench.Definition()).Text, StringComparison.Ordinal);
        Assert.Contains("a.x:1", (await bench.Definition()).Text, StringComparison.Ordinal);
        Assert.Single(bench.Started);
        var command = Assert.Single(bench.Workspace.Commands);
        Assert.True(command is { ReadOnly: true, NoExec: true, Network: false, Profile: SandboxProfile.ReadOnly });
        Assert.Equal(2048L << 20, command.Limits.MemoryBytes);
    }

    [Fact]
    public async Task A_server_that_dies_in_the_middle_of_a_question_is_started_anew_with_its_documents_and_asked_again()
    {
        await using var bench = new FakeBench(Files(), n => n == 0 ? Dying("textDocument/definition") : Answering());
        await bench.Call("list_symbols", new { path = "b.x", query = (string?)null });
        var answer = await bench.Definition();
        Assert.Equal(ToolStatus.Ok, answer.Status);
        Assert.Contains("a.x:1", answer.Text, StringComparison.Ordinal);
        Assert.Equal(2, bench.Started.Count);
        Assert.Equal("foo\n", bench.Started[1].TextOf("a.x"));
        Assert.Equal("bar\n", bench.Started[1].TextOf("b.x"));
    }

    [Fact]
    public async Task A_server_that_dies_again_and_again_is_not_started_for_ever()
    {
        await using var bench = new FakeBench(Files(), _ => Dying("textDocument/definition", "no more memory"));
        for (var i = 0; i < 10; i++)
        {
            var answer = await bench.Definition();
            Assert.Equal(ToolStatus.Failed, answer.Status);
            Assert.Contains("no more memory", answer.Text, StringComparison.Ordinal);
        }

        Assert.Equal(LspLimits.Crashes, bench.Started.Count);
    }

    [Fact]
    public async Task A_server_that_is_silent_is_ended_in_its_time_and_the_next_call_starts_it_anew()
    {
        await using var bench = new FakeBench(Files(), n => n == 0 ? new FakeLanguageServer { OnAsked = (_, _, _) => null } : Answering(), FakeBench.Server with { TimeoutSeconds = 1 });
        var late = await bench.Definition();
        Assert.Contains("did not answer within 1 s", late.Text, StringComparison.Ordinal);
        Assert.True(bench.Started[0].Ended.IsCompleted);
        Assert.Equal(ToolStatus.Ok, (await bench.Definition()).Status);
    }

    [Fact]
    public async Task A_call_that_is_cancelled_leaves_the_server_to_the_next_one_and_tells_it()
    {
        using var stop = new CancellationTokenSource();
        var cancelled = new TaskCompletionSource();
        await using var bench = new FakeBench(Files(), _ => new FakeLanguageServer
        {
            OnAsked = (server, method, _) =>
            {
                if (method == "textDocument/definition" && !stop.IsCancellationRequested)
                {
                    stop.CancelAsync();
                    return null;
                }

                return Place(method);
            },
            OnTold = (_, method, _) =>
            {
                if (method == "$/cancelRequest")
                {
                    cancelled.TrySetResult();
                }
            },
        });
        bench.Stop = stop.Token;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bench.Definition());
        bench.Stop = CancellationToken.None;
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(ToolStatus.Ok, (await bench.Definition()).Status);
        Assert.Single(bench.Started);
    }

    [Theory]
    [InlineData("Listening on stdio…\n\n\n")]
    [InlineData("Content-Length: 40000000\r\n\r\n")]
    [InlineData("Content-Length: 3\r\n\r\n[1]")]
    [InlineData("Content-Length: 2\r\n\r\n}{")]
    public async Task A_server_that_breaks_the_protocol_is_ended_and_the_agent_is_told(string nonsense)
    {
        await using var bench = new FakeBench(Files(), _ => new FakeLanguageServer
        {
            OnAsked = (server, _, _) =>
            {
                server.SayRaw(Encoding.UTF8.GetBytes(nonsense));
                return null;
            },
        });
        var answer = await bench.Definition();
        Assert.Equal(ToolStatus.Failed, answer.Status);
        Assert.Contains("The language server fake failed", answer.Text, StringComparison.Ordinal);
        Assert.All(bench.Started, s => Assert.True(s.Ended.IsCompleted));
    }

    [Fact]
    public async Task Answers_that_make_no_sense_are_taken_for_no_answer()
    {
        string[] answers =
        [
            "[]", "{}", "[1,null,\"x\",{}]", """[{"uri":5,"range":7}]""", """{"uri":"file:///repo/a.x","range":{"start":{"line":-5,"character":1},"end":{"line":99999999999,"character":0}}}""",
            """[{"uri":"file:///repo/../x","range":{"start":{"line":0,"character":0},"end":{"line":0,"character":0}}}]""",
        ];
        foreach (var text in answers)
        {
            await using var bench = new FakeBench(Files(), _ => new FakeLanguageServer { OnAsked = (_, _, _) => JsonNode.Parse(text) });
            var answer = await bench.Definition();
            Assert.Equal(ToolStatus.Ok, answer.Status);
            Assert.Contains("knows no place", answer.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Places_outside_of_the_workspace_are_named_and_never_read()
    {
        await using var bench = new FakeBench(Files(), _ => new FakeLanguageServer { OnAsked = (_, _, _) => At("file:///etc/passwd") });
        var answer = await bench.Definition();
        Assert.Contains("/etc/passwd:1 (outside of the workspace)", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("root:", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_layer_changed_is_told_and_a_new_file_starts_the_server_anew()
    {
        await using var bench = new FakeBench(Files(), _ => Answering());
        await bench.Definition();
        bench.Workspace.Put("b.x", Encoding.UTF8.GetBytes("changed\n"));
        bench.Workspace.Freeze(LayerId.Parse("l1"));
        await bench.Definition();
        Assert.Single(bench.Started);
        Assert.Equal("changed\n", bench.Started[0].TextOf("b.x"));

        bench.Workspace.Put("c.x", Encoding.UTF8.GetBytes("new\n"));
        bench.Workspace.Put("other.txt", Encoding.UTF8.GetBytes("not code\n"));
        bench.Workspace.Freeze(LayerId.Parse("l2"));
        await bench.Definition();
        Assert.Equal(2, bench.Started.Count);
        Assert.True(bench.Started[0].Ended.IsCompleted);
    }

    [Fact]
    public async Task Runs_on_one_layer_share_a_server_and_each_gets_answers_about_its_own_files()
    {
        await using var pool = new LanguageServerPool(TimeProvider.System);
        var files = Files().AsRepository();
        await using var one = new FakeBench(files.OpenAgain(null), _ => Answering(), pool: pool);
        await using var two = new FakeBench(files.OpenAgain(null), _ => Answering(), pool: pool);
        await one.Definition();
        two.Workspace.Put("a.x", Encoding.UTF8.GetBytes("\n\nfoo of two\n"));
        two.Workspace.Freeze(LayerId.Parse("two-1"));
        await two.Definition();
        Assert.Empty(two.Started);
        Assert.Equal("\n\nfoo of two\n", one.Started[0].TextOf("a.x"));
        await one.Definition();
        Assert.Equal("foo\n", one.Started[0].TextOf("a.x"));
        Assert.Equal(1, pool.Running);
    }

    [Fact]
    public async Task A_run_that_leaves_takes_its_servers_along_and_the_pool_the_rest()
    {
        var pool = new LanguageServerPool(TimeProvider.System);
        var bench = new FakeBench(Files(), _ => Answering(), pool: pool);
        await bench.Definition();
        Assert.Equal(1, pool.Running);
        await bench.DisposeAsync();
        Assert.Equal(0, pool.Running);
        Assert.True(bench.Started[0].Ended.IsCompleted);
    }

    [Fact]
    public async Task A_server_that_nobody_asks_any_more_is_stopped_and_started_again_when_somebody_does()
    {
        var time = new HandTime();
        await using var pool = new LanguageServerPool(time);
        await using var bench = new FakeBench(Files(), _ => Answering(), FakeBench.Server with { IdleSeconds = 60 }, pool);
        await bench.Definition();
        time.Pass(TimeSpan.FromSeconds(50));
        Assert.Equal(1, pool.Running);
        time.Pass(TimeSpan.FromSeconds(20));
        await bench.Started[0].Ended.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(ToolStatus.Ok, (await bench.Definition()).Status);
        Assert.Equal(2, bench.Started.Count);
    }

    /// <summary>A clock that stands until it is moved, and then calls the one periodic timer; deadlines never pass.</summary>
    private sealed class HandTime : TimeProvider
    {
        private TimerCallback? _periodic;
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _periodic ??= period > TimeSpan.Zero ? callback : null;
            return new Nothing();
        }

        public void Pass(TimeSpan time)
        {
            _now += time.Ticks;
            _periodic!(null);
        }

        private sealed class Nothing : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    internal static InMemoryWorkspace Files() => new(("a.x", "foo\n"), ("b.x", "bar\n"));

    internal static FakeLanguageServer Answering() => new() { OnAsked = (_, method, _) => Place(method) };

    private static JsonNode Place(string method) => method == "textDocument/definition" ? At($"{Root}a.x") : new JsonArray();

    private static JsonObject At(string uri) => new() { ["uri"] = uri, ["range"] = LspJson.Of(new LspRange(new(0, 0), new(0, 3))) };

    private static FakeLanguageServer Dying(string on, string words = "") => new()
    {
        ErrorTail = words,
        OnAsked = (server, method, _) =>
        {
            if (method != on)
            {
                return new JsonArray();
            }

            server.Die();
            return null;
        },
    };
}
