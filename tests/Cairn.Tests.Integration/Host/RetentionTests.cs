using System.Collections.Immutable;
using System.Text;
using Cairn.Host;
using Cairn.Sandbox;
using Cairn.Sdk;
using Cairn.Storage;

namespace Cairn.Tests.Integration.Host;

/// <summary>Retention over a real state directory: journal, layers and bodies together.</summary>
public sealed class RetentionTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cairn-gc-").FullName;
    private StateStore _store;
    private LayerStore _layers;

    public RetentionTests()
    {
        Directory.CreateDirectory(Repository);
        File.WriteAllText(Path.Combine(Repository, "readme"), "hello");
        (_store, _layers) = Open();
    }

    private string Repository => Path.Combine(_root, "repo");

    private string State => Path.Combine(_root, "state");

    public void Dispose()
    {
        _layers.Dispose();
        _store.Dispose();
        Directory.Delete(_root, true);
    }

    [Fact]
    public async Task Runs_beyond_the_rule_go_with_layers_and_bodies_and_kept_forks_keep_their_past()
    {
        var past = await RunAsync("past", 3, ended: true);
        await RunAsync("plain", 3, ended: true);
        await RunAsync("open", 2, ended: false);
        await ForkAsync("fork", past);
        Restart();

        var none = await CollectAsync(new());
        Assert.Equal((0, 0L, 0), (none.Runs.Count, none.Records, none.Layers));
        var would = await CollectAsync(new() { KeepLast = 1, DryRun = true });
        Assert.Equal(["plain"], would.Runs);
        Assert.Equal(4, _store.Journal.Runs().Count);

        var done = await CollectAsync(new() { KeepLast = 1 });
        Assert.Equal(["plain"], done.Runs);
        Assert.Equal((5L, 3), (done.Records, done.Layers));
        Assert.Equal(["past", "open", "fork"], _store.Journal.Runs().Select(head => head.Run.Value));
        Whole("past.3", "open.2");
        Assert.Throws<WorkspaceException>(() => _layers.Changes(LayerId.Parse("plain.1")));

        Restart();
        Whole("past.3", "open.2");
        Assert.Equal(["fork", "past"], (await CollectAsync(new() { KeepLast = 0 })).Runs.Order(StringComparer.Ordinal));
        Assert.Equal(["open"], _store.Journal.Runs().Select(head => head.Run.Value));
        Whole("open.2");
    }

    [Fact]
    public async Task A_run_that_works_on_while_others_are_collected_loses_nothing()
    {
        for (var i = 0; i < 6; i++)
        {
            await RunAsync($"old{i}", 3, ended: true);
        }

        var worker = Task.Run(() => RunAsync("busy", 40, ended: false), TestContext.Current.CancellationToken);
        do
        {
            await CollectAsync(new() { KeepLast = 0 });
        }
        while (!worker.IsCompleted);
        await worker;
        Restart();
        await CollectAsync(new() { KeepLast = 0 });
        Assert.Equal(["busy"], _store.Journal.Runs().Select(head => head.Run.Value));
        Whole("busy.40");
    }

    private static (StateStore, LayerStore) Open(string state)
    {
        var store = StateStore.Open(new PosixDisk(), state, TimeProvider.System, new() { SegmentBytes = 64 * 1024 });
        return (store, new(state, store.Blobs, TimeProvider.System));
    }

    private (StateStore Store, LayerStore Layers) Open() => Open(State);

    private void Restart()
    {
        _layers.Dispose();
        _store.Dispose();
        (_store, _layers) = Open();
    }

    private Task<CollectionReport> CollectAsync(CollectionRequest request)
    {
        var services = new RunServices
        {
            Journal = _store.Journal, Blobs = _store.Blobs, Layers = _layers, Time = TimeProvider.System,
            Tools = null!, Models = null!, Judge = null!, Human = null!,
        };
        return new Retention(services, new RunControl(services), _store, _layers.Collect, _layers.Contents).CollectAsync(request, null, TestContext.Current.CancellationToken);
    }

    private async Task<RunHead> RunAsync(string id, int steps, bool ended)
    {
        var run = RunId.Parse(id);
        var task = _store.Blobs.Put(Encoding.UTF8.GetBytes($"task of {id}"));
        await AppendAsync(run, new RunStarted(
            1, new AgentSpec(AgentKind.Model, "t", null, default, 0, []), new TextSource("task", task, 1), id, Repository, [], null,
            new RunLimits(), MergeMode.Never, null));
        await using var w = _layers.Open(run, Repository, null);
        for (var i = 1; i <= steps; i++)
        {
            w.Write($"{id}{i}", Encoding.UTF8.GetBytes($"{id} {i} {new string('x', 2000)}"), null);
            var layer = w.Freeze(LayerId.Parse($"{id}.{i}"))!;
            var result = _store.Blobs.Put(Encoding.UTF8.GetBytes($"result {id} {i}"));
            await AppendAsync(run, new ToolCallFinished(CallId.Parse($"c{i}"), ToolStatus.Ok, result, 1, layer.Layer, 1, ToolSignal.None, null, 1));
        }

        if (ended)
        {
            await AppendAsync(run, new RunEnded(RunOutcome.Succeeded, "done", default));
        }

        return _store.Journal.Runs().Single(head => head.Run == run);
    }

    private async Task ForkAsync(string id, RunHead past)
    {
        await AppendAsync(RunId.Parse(id), new RunForked(past.Run, past.Count, past.Chain, null));
        await AppendAsync(RunId.Parse(id), new RunEnded(RunOutcome.Succeeded, "done", default));
    }

    private async Task AppendAsync(RunId run, RunEvent e) =>
        await _store.Journal.AppendAsync(run, _store.Journal.Read(run).Count, [e], TestContext.Current.CancellationToken);

    /// <summary>The stacks are there with all contents, and every body that a record names.</summary>
    private void Whole(params string[] tops)
    {
        foreach (var change in tops.SelectMany(top => _layers.NetChanges(LayerId.Parse(top), null)))
        {
            Assert.NotEmpty(_layers.Content(change.After));
        }

        foreach (var hash in _store.Journal.Runs().SelectMany(head => _store.Journal.Read(head.Run)).SelectMany(record => References.Of(record.Event)))
        {
            Assert.NotNull(_store.Blobs.TryGet(hash));
        }

        Assert.Empty(_store.Verify(TestContext.Current.CancellationToken));
    }
}
