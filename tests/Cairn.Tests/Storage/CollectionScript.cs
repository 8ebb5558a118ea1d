using Cairn.Storage;

namespace Cairn.Tests.Storage;

/// <summary>Runs with bodies of their own and bodies that they share, and what must be true of them after a collection.</summary>
internal sealed class CollectionScript
{
    public const int Large = StateStoreOptions.SmallBodyBytes + 1;

    private readonly Dictionary<string, List<string>> _runs = [];
    private readonly Dictionary<string, byte[]> _bodies = [];

    /// <summary>No body is ever too young, unless a grace is given.</summary>
    public static StateStore Open(IDisk disk, TimeSpan grace = default) => StateStore.Open(
        disk, StorageScript.Directory, TimeProvider.System, StorageScript.Options with { CollectionGrace = grace });

    public static byte[] Body(int bytes, int salt)
    {
        var body = new byte[bytes];
        new Random(salt).NextBytes(body);
        return body;
    }

    public static void Append(StateStore store, string run, params string[] texts)
    {
        var id = RunId.Parse(run);
        var count = store.Journal.Read(id).Count;
        RunEvent[] events = [.. texts.Select(text => new CheckpointTaken(text))];
        _ = store.Journal.AppendAsync(id, count, events, CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Puts a body and names it in a record.</summary>
    public BlobHash Put(StateStore store, string run, byte[] body)
    {
        var hash = store.Blobs.Put(body);
        Note(store, run, "body:" + hash);
        _bodies[hash.Value] = body;
        return hash;
    }

    public void Note(StateStore store, string run, string text)
    {
        Append(store, run, text);
        (_runs.TryGetValue(run, out var list) ? list : _runs[run] = []).Add(text);
    }

    /// <summary>Fills several segments: the runs' records lie mixed, one body is shared, one is large for each.</summary>
    public void Fill(StateStore store, params string[] runs)
    {
        for (var i = 0; i < 6; i++)
        {
            foreach (var run in runs)
            {
                Note(store, run, $"{run}/{i}/" + new string('x', 200));
                Put(store, run, Body(400, (run.Aggregate(17, (hash, c) => (hash * 31) + c) * 100) + i));
            }
        }

        foreach (var run in runs)
        {
            Put(store, run, Body(500, 7));
            Put(store, run, Body(Large, run.Aggregate(19, (hash, c) => (hash * 31) + c)));
        }
    }

    public static StoreReclaimed Collect(StateStore store, params string[] drop)
    {
        using var collection = store.BeginCollection();
        var heads = store.Journal.Runs().Where(head => drop.Contains(head.Run.Value)).ToList();
        Assert.True(collection.TryDrop(heads, dryRun: false));
        return collection.Reclaim(new HashSet<BlobHash>(), dryRun: false, null, CancellationToken.None);
    }

    /// <summary>Every run is whole with all its bodies, or one of those that may be gone and gone altogether.</summary>
    public void Check(StateStore store, IDisk disk, string situation, params string[] mayBeGone)
    {
        var there = store.Journal.Runs().Select(head => head.Run.Value).ToHashSet();
        var gone = mayBeGone.Where(run => !there.Contains(run)).ToList();
        Assert.True(gone.Count == 0 || gone.Count == mayBeGone.Length, $"{situation}: only {string.Join(",", gone)} of the runs is gone");
        foreach (var (run, texts) in _runs)
        {
            var records = store.Journal.Read(RunId.Parse(run)).Select(record => ((CheckpointTaken)record.Event).Reason).ToList();
            Assert.True(records.SequenceEqual(gone.Contains(run) ? [] : texts), $"{situation}: run {run} has {records.Count} records");
            foreach (var text in records.Where(text => text.StartsWith("body:", StringComparison.Ordinal)))
            {
                Assert.True(_bodies[text[5..]].AsSpan().SequenceEqual(store.Blobs.TryGet(BlobHash.Parse(text[5..]))), $"{situation}: a body of {run} is lost");
            }
        }

        var findings = StateStore.Verify(disk, StorageScript.Directory, CancellationToken.None);
        Assert.True(findings.Count == 0, situation + ": " + string.Join("; ", findings));
    }

    public static long LogBytes(IDisk disk)
    {
        var journal = Path.Combine(StorageScript.Directory, "journal");
        return disk.List(journal).Sum(name => Length(disk, Path.Combine(journal, name)));
    }

    public static int LargeBodies(IDisk disk) =>
        Enumerable.Range(0, 256).Sum(first => disk.List(Path.Combine(StorageScript.Directory, "blobs", first.ToString("x2"))).Count);

    private static long Length(IDisk disk, string path)
    {
        using var file = disk.Open(path, DiskOpen.Read);
        return file.Length;
    }
}
