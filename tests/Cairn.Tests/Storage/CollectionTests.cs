using Cairn.Storage;

namespace Cairn.Tests.Storage;

public sealed class CollectionTests
{
    private readonly CollectionScript _script = new();

    [Fact]
    public void A_dropped_run_goes_with_its_records_and_bodies_and_the_others_stay()
    {
        var disk = new SimulatedDisk(1);
        using (var store = CollectionScript.Open(disk))
        {
            _script.Fill(store, "a", "b", "c");
            var before = CollectionScript.LogBytes(disk);
            Assert.Equal(3, CollectionScript.LargeBodies(disk));
            var heads = store.Journal.Runs().ToDictionary(head => head.Run.Value);
            var reclaimed = CollectionScript.Collect(store, "b");
            Assert.Equal(14, reclaimed.Records);
            Assert.Equal(6, reclaimed.Bodies);
            Assert.Equal(1, reclaimed.LargeBodies);
            Assert.Equal(CollectionScript.Large, reclaimed.LargeBytes);
            Assert.InRange(CollectionScript.LogBytes(disk), 1, before - 4000);
            Assert.Equal(["a", "c"], store.Journal.Runs().Select(head => head.Run.Value));
            Assert.Equal(heads["a"], store.Journal.Runs()[0]);
            _script.Check(store, disk, "collected", "b");
            _script.Note(store, "a", "goes on");
            _script.Fill(store, "d");
        }

        using var again = CollectionScript.Open(disk);
        Assert.Equal(["a", "c", "d"], again.Journal.Runs().Select(head => head.Run.Value));
        _script.Check(again, disk, "reopened", "b");
        CollectionScript.Collect(again, "a", "d");
        CollectionScript.Collect(again, "c");
        Assert.Empty(again.Journal.Runs());
        Assert.Equal(0, CollectionScript.LargeBodies(disk));
    }

    [Fact]
    public void Nothing_is_collected_when_all_is_named_and_a_second_collection_finds_nothing()
    {
        var disk = new SimulatedDisk(2);
        using (var store = CollectionScript.Open(disk))
        {
            _script.Fill(store, "a", "b");
        }

        using var again = CollectionScript.Open(disk);
        Assert.Equal(new StoreReclaimed(), CollectionScript.Collect(again));
        Assert.NotEqual(0, CollectionScript.Collect(again, "a").Bytes);
        Assert.Equal(new StoreReclaimed(), CollectionScript.Collect(again));
        _script.Check(again, disk, "collected", "a");
    }

    [Fact]
    public void A_dry_run_counts_and_changes_nothing()
    {
        var disk = new SimulatedDisk(3);
        using var store = CollectionScript.Open(disk);
        _script.Fill(store, "a", "b");
        var operations = disk.Operations;
        using (var collection = store.BeginCollection())
        {
            Assert.True(collection.TryDrop([.. store.Journal.Runs().Where(head => head.Run.Value == "a")], dryRun: true));
            var would = collection.Reclaim(new HashSet<BlobHash>(), dryRun: true, null, CancellationToken.None);
            Assert.Equal(14, would.Records);
            Assert.Equal(1, would.LargeBodies);
        }

        Assert.Equal(operations, disk.Operations);
        _script.Check(store, disk, "dry run");
    }

    [Fact]
    public void Runs_that_changed_since_the_decision_stay_all_of_them()
    {
        var disk = new SimulatedDisk(4);
        using var store = CollectionScript.Open(disk);
        _script.Fill(store, "a", "b");
        using var collection = store.BeginCollection();
        var heads = store.Journal.Runs();
        _script.Note(store, "b", "somebody rolled it back");
        Assert.False(collection.TryDrop([.. heads], dryRun: false));
        _script.Check(store, disk, "refused");
        Assert.Equal(2, store.Journal.Runs().Count);
        Assert.Throws<InvalidOperationException>(() => store.BeginCollection());
    }

    [Fact]
    public void A_dropped_run_takes_no_more_records_while_its_old_ones_lie_there()
    {
        var disk = new SimulatedDisk(5);
        using var store = CollectionScript.Open(disk);
        _script.Fill(store, "a", "b");
        using var collection = store.BeginCollection();
        Assert.True(collection.TryDrop([.. store.Journal.Runs().Where(head => head.Run.Value == "a")], dryRun: false));
        Assert.Empty(store.Journal.Read(RunId.Parse("a")));
        Assert.Throws<JournalConflictException>(() => CollectionScript.Append(store, "a", "again"));
        collection.Reclaim(new HashSet<BlobHash>(), dryRun: false, null, CancellationToken.None);
        CollectionScript.Append(store, "a", "another run of that name");
        Assert.Single(store.Journal.Read(RunId.Parse("a")));
        using var reader = StateStore.OpenReadOnly(disk, StorageScript.Directory);
        Assert.Single(reader.Journal.Read(RunId.Parse("a")));
    }

    [Fact]
    public void A_body_that_is_put_after_the_mark_or_shortly_before_it_is_never_collected()
    {
        var disk = new SimulatedDisk(6);
        var (small, large) = (CollectionScript.Body(300, 900), CollectionScript.Body(CollectionScript.Large, 901));
        using (var earlier = CollectionScript.Open(disk))
        {
            // Bodies that only a run that will be dropped names: the next put of the same bytes finds them there.
            _script.Put(earlier, "old", small);
            _script.Put(earlier, "old", large);
            _script.Fill(earlier, "a");
        }

        using var store = CollectionScript.Open(disk, TimeSpan.FromMinutes(10));
        var fresh = store.Blobs.Put(CollectionScript.Body(310, 902));
        _script.Fill(store, "b");
        using (var collection = store.BeginCollection())
        {
            Assert.True(collection.TryDrop([.. store.Journal.Runs().Where(head => head.Run.Value == "old")], dryRun: false));
            var during = store.Blobs.Put(CollectionScript.Body(320, 903));
            store.Blobs.Put(small);
            store.Blobs.Put(large);
            collection.Reclaim(new HashSet<BlobHash>(), dryRun: false, null, CancellationToken.None);
            Assert.All([fresh, during, BlobHash.Of(small), BlobHash.Of(large)], hash => Assert.NotNull(store.Blobs.TryGet(hash)));
        }

        store.Dispose();
        using var later = CollectionScript.Open(disk);
        Assert.NotNull(later.Blobs.TryGet(fresh));
        Assert.NotNull(later.Blobs.TryGet(BlobHash.Of(small)));
        _script.Put(later, "next", CollectionScript.Body(330, 904));
        CollectionScript.Append(later, "gone", new string('y', 5000));
        CollectionScript.Collect(later, "gone");
        Assert.Null(later.Blobs.TryGet(fresh));
        Assert.Null(later.Blobs.TryGet(BlobHash.Of(small)));
        Assert.Null(later.Blobs.TryGet(BlobHash.Of(large)));
        Assert.Equal(small, later.Blobs.TryGet(later.Blobs.Put(small)));
        _script.Check(later, disk, "after the second collection", "old");
    }

    [Fact]
    public void A_cancelled_collection_leaves_the_runs_gone_and_the_next_one_ends_it()
    {
        var disk = new SimulatedDisk(7);
        using var stop = new CancellationTokenSource();
        using (var store = CollectionScript.Open(disk))
        {
            _script.Fill(store, "a", "b");
            using var collection = store.BeginCollection();
            Assert.True(collection.TryDrop([.. store.Journal.Runs().Where(head => head.Run.Value == "a")], dryRun: false));
            var progress = new Stopper(stop, after: 4);
            Assert.Throws<OperationCanceledException>(() => collection.Reclaim(new HashSet<BlobHash>(), dryRun: false, progress, stop.Token));
            _script.Check(store, disk, "cancelled", "a");
        }

        using var again = CollectionScript.Open(disk);
        Assert.Equal(["b"], again.Journal.Runs().Select(head => head.Run.Value));
        _script.Check(again, disk, "reopened", "a");
        Assert.NotEqual(0, CollectionScript.Collect(again).Records);
        CollectionScript.Append(again, "a", "its name is free again");
        Assert.DoesNotContain("dropped", Text(disk, "heads"), StringComparison.Ordinal);
    }

    [Fact]
    public void Readers_beside_a_collection_see_the_old_or_the_new_and_never_half()
    {
        var disk = new SimulatedDisk(8);
        using var store = CollectionScript.Open(disk);
        _script.Fill(store, "a", "b");
        using var reader = StateStore.OpenReadOnly(disk, StorageScript.Directory);
        CollectionScript.Collect(store, "a");
        Assert.Equal(2, reader.Journal.Runs().Count);
        Assert.Empty(reader.Journal.Read(RunId.Parse("a")));
        _script.Check(reader, disk, "reader with an old index", "a");
        reader.Refresh();
        _script.Check(reader, disk, "refreshed", "a");
    }

    [Fact]
    public async Task Appends_go_on_while_a_collection_rewrites()
    {
        var disk = new SimulatedDisk(9);
        using var store = CollectionScript.Open(disk, TimeSpan.FromSeconds(1));
        _script.Fill(store, "a", "b");
        using var stop = new CancellationTokenSource();
        var appender = Task.Run(() =>
        {
            var writes = new CollectionScript();
            for (var i = 0; !stop.IsCancellationRequested || i < 50; i++)
            {
                writes.Put(store, "live" + (i % 3), CollectionScript.Body(200 + (i % 40), i));
            }

            return writes;
        }, TestContext.Current.CancellationToken);
        for (var round = 0; round < 8; round++)
        {
            _script.Fill(store, "x" + round);
            CollectionScript.Collect(store, "x" + round);
        }

        await stop.CancelAsync();
        var written = await appender;
        written.Check(store, disk, "appended meanwhile");
        _script.Check(store, disk, "collected meanwhile", [.. Enumerable.Range(0, 8).Select(i => "x" + i)]);
    }

    [Fact]
    public void A_rewritten_segment_that_is_cut_or_edited_is_found()
    {
        var disk = new SimulatedDisk(10);
        using (var store = CollectionScript.Open(disk))
        {
            _script.Fill(store, "a", "b");
            CollectionScript.Collect(store, "a");
        }

        var path = Path.Combine(StorageScript.Directory, "journal", "00000001.log");
        using (var file = disk.Open(path, DiskOpen.ReadWrite))
        {
            var bytes = new byte[file.Length];
            file.Read(0, bytes);
            file.SetLength(64);
            Assert.NotEmpty(StateStore.Verify(disk, StorageScript.Directory, CancellationToken.None));
            Assert.Throws<InvalidDataException>(() => CollectionScript.Open(disk));
            file.Write(0, bytes);
            file.Write(bytes.Length - 20, "!"u8);
            Assert.NotEmpty(StateStore.Verify(disk, StorageScript.Directory, CancellationToken.None));
            Assert.Throws<InvalidDataException>(() => CollectionScript.Open(disk));
            file.Write(0, bytes);
        }

        using var well = CollectionScript.Open(disk);
        _script.Check(well, disk, "mended", "a");
    }

    private static string Text(IDisk disk, string name)
    {
        using var file = disk.Open(Path.Combine(StorageScript.Directory, name), DiskOpen.Read);
        var bytes = new byte[file.Length];
        file.Read(0, bytes);
        return System.Text.Encoding.ASCII.GetString(bytes);
    }

    private sealed class Stopper(CancellationTokenSource stop, int after) : IProgress<string>
    {
        private int _count;

        public void Report(string value)
        {
            if (++_count == after)
            {
                stop.Cancel();
            }
        }
    }
}
