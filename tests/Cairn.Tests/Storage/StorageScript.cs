using System.Text;
using Cairn.Storage;

namespace Cairn.Tests.Storage;

/// <summary>A job for a state store that remembers what was promised to it, so that a store opened later can be checked.</summary>
internal sealed class StorageScript
{
    public const string Directory = "/state";

    private readonly Dictionary<string, List<string>> _attempted = [];
    private readonly Dictionary<string, int> _acknowledged = [];
    private readonly Dictionary<string, List<int>> _ends = [];

    public static StateStoreOptions Options { get; } = new()
    {
        SegmentBytes = 4 * 1024, ZeroFillBytes = 1024, AnchorCommits = 4, NewSalt = () => 42,
    };

    public static StateStore Open(IDisk disk) => StateStore.Open(disk, Directory, TimeProvider.System, Options);

    /// <summary>Appends some events, the first of which refers to a body; the promise is noted when the store gives it.</summary>
    public void Append(StateStore store, string run, int events, int bodyBytes, int salt)
    {
        var attempted = _attempted.TryGetValue(run, out var list) ? list : _attempted[run] = [];
        var acknowledged = _acknowledged.GetValueOrDefault(run);
        attempted.RemoveRange(acknowledged, attempted.Count - acknowledged);
        var texts = new List<string>();
        if (bodyBytes > 0)
        {
            var body = new byte[bodyBytes];
            new Random(salt).NextBytes(body);
            texts.Add("body:" + store.Blobs.Put(body).Value);
        }

        while (texts.Count < events)
        {
            texts.Add($"{run}/{salt}/{texts.Count}/" + new string('x', salt % 300));
        }

        attempted.AddRange(texts);
        (_ends.TryGetValue(run, out var ends) ? ends : _ends[run] = []).Add(attempted.Count);
        RunEvent[] items = [.. texts.Select(text => new CheckpointTaken(text))];
        var task = store.Journal.AppendAsync(RunId.Parse(run), acknowledged, items, CancellationToken.None).AsTask();
        Assert.True(task.IsCompleted);
        _ = task.GetAwaiter().GetResult();
        _acknowledged[run] = attempted.Count;
    }

    public void End(StateStore store, string run)
    {
        var attempted = _attempted[run];
        attempted.Add("ended");
        _ends[run].Add(attempted.Count);
        _ = store.Journal.AppendAsync(
            RunId.Parse(run), _acknowledged[run], [new RunEnded(RunOutcome.Succeeded, "ended", default)], CancellationToken.None).AsTask().GetAwaiter().GetResult();
        _acknowledged[run] = attempted.Count;
    }

    /// <summary>The failed append may have become durable after all; what is there now is what counts from here on.</summary>
    public void Check(StateStore store, IDisk disk, string situation)
    {
        foreach (var (run, attempted) in _attempted)
        {
            var records = store.Journal.Read(RunId.Parse(run));
            var acknowledged = _acknowledged.GetValueOrDefault(run);
            Assert.True(records.Count >= acknowledged, $"{situation}: run {run} has {records.Count} records, {acknowledged} were acknowledged");
            Assert.True(records.Count <= attempted.Count, $"{situation}: run {run} has {records.Count} records, only {attempted.Count} were ever appended");
            Assert.True(records.Count == 0 || _ends[run].Contains(records.Count), $"{situation}: a part of an append of run {run} is there");
            for (var i = 0; i < records.Count; i++)
            {
                var text = records[i].Event is CheckpointTaken taken ? taken.Reason : ((RunEnded)records[i].Event).Reason;
                Assert.True(text == attempted[i], $"{situation}: run {run}, record {i} is another one");
                if (text.StartsWith("body:", StringComparison.Ordinal))
                {
                    Assert.NotNull(store.Blobs.TryGet(BlobHash.Parse(text[5..])));
                }
            }

            _acknowledged[run] = records.Count;
            attempted.RemoveRange(records.Count, attempted.Count - records.Count);
            _ends[run].RemoveAll(end => end > records.Count);
        }

        var findings = StateStore.Verify(disk, Directory, CancellationToken.None);
        Assert.True(findings.Count == 0, situation + ": " + string.Join("; ", findings));
    }

    /// <summary>The job that the crash tests enumerate.</summary>
    public void Run(StateStore store, int rounds)
    {
        for (var i = 0; i < rounds; i++)
        {
            Append(store, "a", 1 + (i * 3), 0, (i * 97) + 250);
            Append(store, "b", 3, i % 2 == 0 ? 700 : 0, (i * 7) + 2);
            Append(store, "c", 2, i == 1 ? StateStoreOptions.SmallBodyBytes + 1 : 40, (i * 7) + 3);
            if (i == rounds / 2)
            {
                End(store, "a");
            }
        }
    }

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
