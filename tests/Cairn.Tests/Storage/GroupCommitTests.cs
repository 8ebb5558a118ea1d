using System.Collections.Concurrent;
using Cairn.Storage;

namespace Cairn.Tests.Storage;

public sealed class GroupCommitTests
{
    [Fact]
    public void A_lone_append_is_done_when_the_call_returns_and_costs_one_write_and_one_sync()
    {
        var disk = new SimulatedDisk(1);
        using var store = Open(disk, new());
        Append(store, "a", 0);
        var before = disk.Operations;
        for (var i = 1; i < 20; i++)
        {
            store.Blobs.Put(StorageScript.Bytes($"body {i}"));
            Append(store, "a", i);
        }

        Assert.Equal(38, disk.Operations - before);
    }

    [Fact]
    public async Task Appends_that_come_during_a_sync_share_the_next_one()
    {
        var disk = new GatedDisk(new SimulatedDisk(1));
        using var store = Open(disk, new());
        Append(store, "warm", 0);
        var gate = disk.HoldNextSync();
        var token = TestContext.Current.CancellationToken;
        var leader = Task.Run(() => store.Journal.AppendAsync(RunId.Parse("lead"), 0, [new CheckpointTaken("x")], token).AsTask(), token);
        gate.WaitUntilHeld();
        var syncs = disk.Syncs;
        var followers = Enumerable.Range(0, 50)
            .Select(i => store.Journal.AppendAsync(RunId.Parse($"r{i}"), 0, [new CheckpointTaken("x")], token).AsTask()).ToArray();
        var next = store.Journal.AppendAsync(RunId.Parse("r0"), 1, [new CheckpointTaken("pipelined")], token).AsTask();
        Assert.All(followers, task => Assert.False(task.IsCompleted));
        Assert.Empty(store.Journal.Read(RunId.Parse("r1")));
        gate.Release();
        await Task.WhenAll([leader, next, .. followers]);
        Assert.Equal(syncs + 1, disk.Syncs);
        Assert.Equal(2, store.Journal.Read(RunId.Parse("r0")).Count);
        Assert.Empty(store.Verify(token));
    }

    [Fact]
    public async Task A_failed_batch_fails_all_that_stood_in_it_or_behind_it_and_nothing_of_it_counts()
    {
        var simulated = new SimulatedDisk(1);
        var disk = new GatedDisk(simulated);
        using var store = Open(disk, new());
        Append(store, "warm", 0);
        var gate = disk.HoldNextSync(fail: true);
        var token = TestContext.Current.CancellationToken;
        var leader = Task.Run(() => store.Journal.AppendAsync(RunId.Parse("a"), 0, [new CheckpointTaken("x")], token).AsTask(), token);
        gate.WaitUntilHeld();
        var behind = store.Journal.AppendAsync(RunId.Parse("a"), 1, [new CheckpointTaken("y")], token).AsTask();
        gate.Release();
        await Assert.ThrowsAsync<IOException>(() => leader);
        await Assert.ThrowsAsync<IOException>(() => behind);
        Assert.Empty(store.Journal.Read(RunId.Parse("a")));

        // A sync that failed once is never believed again.
        Assert.Contains("opened again", Assert.Throws<IOException>(() => Append(store, "b", 0)).Message, StringComparison.Ordinal);
        store.Dispose();
        using var again = Open(simulated, new());
        Append(again, "a", 0);
        Assert.Empty(again.Verify(token));
    }

    [Fact]
    public void A_full_disk_says_so_and_the_store_goes_on_once_there_is_space_with_no_body_lost()
    {
        var disk = new SimulatedDisk(1);
        var hash = BlobHash.OfText("promised");
        using (var store = Open(disk, new()))
        {
            Append(store, "a", 0);
            store.Blobs.Put(StorageScript.Bytes("promised"));
            disk.FailAt(disk.Operations, DiskFault.NoSpace);
            var error = Assert.Throws<IOException>(() => Append(store, "a", 1));
            Assert.Contains("is full", error.Message, StringComparison.Ordinal);
            Assert.Contains("/state", error.Message, StringComparison.Ordinal);
            Assert.Contains("Free some space", error.Message, StringComparison.Ordinal);
            Assert.Single(store.Journal.Read(RunId.Parse("a")));
            Append(store, "a", 1);
            Assert.NotNull(store.Blobs.TryGet(hash));
            disk.Crash();
        }

        using var again = Open(disk.Restart(), new());
        Assert.Equal(2, again.Journal.Read(RunId.Parse("a")).Count);
        Assert.NotNull(again.Blobs.TryGet(hash));
    }

    [Fact]
    public async Task Many_threads_lose_nothing_and_the_pending_limit_holds_them_back()
    {
        using var directory = new TemporaryDirectory();
        var token = TestContext.Current.CancellationToken;
        using (var store = StateStore.Open(new PosixDisk(), directory.Path, TimeProvider.System, new() { MaxPendingBytes = 2048, SegmentBytes = 64 * 1024 }))
        {
            await Task.WhenAll(Enumerable.Range(0, 16).Select(run => Task.Run(
                async () =>
                {
                    for (var i = 0; i < 60; i++)
                    {
                        store.Blobs.Put(StorageScript.Bytes($"{run} {i} {new string('b', 200)}"));
                        await store.Journal.AppendAsync(RunId.Parse($"r{run}"), i, [new CheckpointTaken($"{run}-{i}")], token);
                    }
                },
                token)));
        }

        using var again = StateStore.OpenReadOnly(new PosixDisk(), directory.Path);
        for (var run = 0; run < 16; run++)
        {
            Assert.Equal(
                Enumerable.Range(0, 60).Select(i => $"{run}-{i}"),
                again.Journal.Read(RunId.Parse($"r{run}")).Select(record => ((CheckpointTaken)record.Event).Reason));
        }

        Assert.Empty(again.Verify(token));
    }

    [Fact]
    public void On_one_thread_with_a_context_of_its_own_the_order_of_everything_is_the_same_each_time()
    {
        Assert.Equal(Trace(), Trace());
    }

    private static string Trace()
    {
        var previous = SynchronizationContext.Current;
        var context = new QueueContext();
        var disk = new SimulatedDisk(9);
        var trace = new List<string>();
        try
        {
            SynchronizationContext.SetSynchronizationContext(context);
            using var store = Open(disk, new());
            for (var run = 0; run < 8; run++)
            {
                _ = Job(store, $"r{run}", trace);
            }

            context.RunAll();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(previous);
        }

        Assert.Equal(40, trace.Count);
        return string.Join(",", trace) + disk.Operations;
    }

    private static async Task Job(StateStore store, string run, List<string> trace)
    {
        for (var i = 0; i < 5; i++)
        {
            await QueueContext.Turn();
            await store.Journal.AppendAsync(RunId.Parse(run), i, [new CheckpointTaken("x")], CancellationToken.None);
            trace.Add($"{run}:{i}");
        }
    }

    private static StateStore Open(IDisk disk, StateStoreOptions options) => StateStore.Open(disk, "/state", TimeProvider.System, options);

    private static void Append(StateStore store, string run, long seq)
    {
        var task = store.Journal.AppendAsync(RunId.Parse(run), seq, [new CheckpointTaken("x")], CancellationToken.None);
        Assert.True(task.IsCompleted);
        _ = task.AsTask().GetAwaiter().GetResult();
    }

    private sealed class QueueContext : SynchronizationContext
    {
        private readonly ConcurrentQueue<(SendOrPostCallback Call, object? State)> _calls = new();

        public override void Post(SendOrPostCallback d, object? state) => _calls.Enqueue((d, state));

        public static async Task Turn() => await Task.Yield();

        public void RunAll()
        {
            while (_calls.TryDequeue(out var call))
            {
                call.Call(call.State);
            }
        }
    }
}
