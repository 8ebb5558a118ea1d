using System.Text;
using Cairn.Host;

namespace Cairn.Tests.Host;

public sealed class RecentBodiesTests
{
    private readonly Store _store = new();

    [Fact]
    public void What_was_just_put_is_not_read_back()
    {
        var bodies = new RecentBodies(_store);
        var hash = bodies.Put("text"u8);
        Assert.Equal("text"u8, bodies.TryGet(hash)!);
        Assert.Equal(0, _store.Reads);
        Assert.True(_store.Bodies.ContainsKey(hash));
    }

    [Fact]
    public void A_caller_cannot_change_what_the_next_one_gets()
    {
        var bodies = new RecentBodies(_store);
        var hash = bodies.Put("text"u8);
        bodies.TryGet(hash)![0] = 0;
        Assert.Equal("text"u8, bodies.TryGet(hash)!);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_is_forgotten_every_body_is_itself(int seed)
    {
        var random = new Random(seed);
        var bodies = new RecentBodies(_store);
        var put = new List<(BlobHash Hash, byte[] Body)>();
        for (var i = 0; i < 400; i++)
        {
            var body = Encoding.ASCII.GetBytes(new string((char)('a' + (i % 26)), random.Next(70_000)) + i);
            put.Add((bodies.Put(body), body));
            var (hash, expected) = put[random.Next(put.Count)];
            Assert.Equal(expected, bodies.TryGet(hash));
            bodies.Put(expected);
        }

        _store.Reads = 0;
        Assert.All(put, p => Assert.Equal(p.Body, bodies.TryGet(p.Hash)));
        Assert.InRange(_store.Reads, 200, 399);
    }

    private sealed class Store : IBlobStore
    {
        public Dictionary<BlobHash, byte[]> Bodies { get; } = [];

        public int Reads { get; set; }

        public BlobHash Put(ReadOnlySpan<byte> body)
        {
            var hash = BlobHash.Of(body);
            Bodies[hash] = body.ToArray();
            return hash;
        }

        public byte[]? TryGet(BlobHash hash)
        {
            Reads++;
            return Bodies.GetValueOrDefault(hash);
        }
    }
}
