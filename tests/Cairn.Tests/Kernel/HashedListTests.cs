using Cairn.Kernel;

namespace Cairn.Tests.Kernel;

public sealed class HashedListTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Lists_that_part_from_each_other_stay_what_they_were(int seed)
    {
        var random = new Random(seed);
        List<(HashedList<HistoryEntry> List, List<HistoryEntry> Model)> all = [(HashedList<HistoryEntry>.Empty, [])];
        var digests = new Dictionary<BlobHash, List<HistoryEntry>>();
        for (var i = 0; i < 600; i++)
        {
            // Mostly the newest grows, as a run does; sometimes an older one, as after a rollback or in a fork.
            var (list, model) = all[random.Next(4) > 0 ? all.Count - 1 : random.Next(all.Count)];
            var item = new HistoryEntry(null, new TextSource($"note {i}", BlobHash.OfText($"{i}"), i));
            all.Add((list.Add(item, KernelJson.Default.HistoryEntry), [.. model, item]));
        }

        foreach (var (list, model) in all)
        {
            Assert.Equal(model, list);
            Assert.Equal(model.Count, list.Count);
            Assert.ThrowsAny<Exception>(() => list[list.Count]);
            Assert.All(Enumerable.Range(0, list.Count), i => Assert.Same(model[i], list[i]));
            Assert.True(digests.TryAdd(list.Digest, model), "two lists have one digest");
        }
    }
}
