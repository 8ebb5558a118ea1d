using Cairn.Memory.KeyValue;
using Cairn.Storage;

namespace Cairn.Tests.Memory.KeyValue;

public sealed class KeyValueStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cairn-kv-").FullName;
    private readonly Clock _clock = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_write_on_an_old_version_is_refused_with_what_is_there()
    {
        using var store = Open();
        var space = store.Space("run");
        var (_, first) = space.Put("plan", "a", 0, null);
        Assert.True(space.Put("plan", "b", first!.Version, null).Stored);
        var (stored, there) = space.Put("plan", "c", first.Version, null);
        Assert.False(stored);
        Assert.Equal("b", there!.Value);
        Assert.False(space.Put("plan", "d", 0, null).Stored);
        Assert.False(space.Remove("plan", first.Version).Removed);
    }

    [Fact]
    public void No_space_sees_another()
    {
        using var store = Open();
        store.Space("run-1").Put("secret", "x", null, null);
        Assert.Null(store.Space("run-2").Get("secret"));
        Assert.Empty(store.Space("run").List(""));
        Assert.Single(store.Space("run-1").List("sec"));
    }

    [Fact]
    public void What_has_a_time_is_gone_when_it_is_over_and_its_version_never_comes_again()
    {
        using var store = Open();
        var space = store.Space("s");
        var (_, entry) = space.Put("k", "v", null, TimeSpan.FromMinutes(1));
        _clock.Now += TimeSpan.FromMinutes(2);
        Assert.Null(space.Get("k"));
        Assert.Empty(space.List(""));
        var (stored, next) = space.Put("k", "w", 0, null);
        Assert.True(stored && next!.Version > entry!.Version);
    }

    [Fact]
    public void All_is_there_again_after_a_restart_also_when_the_last_record_was_torn()
    {
        using (var store = Open())
        {
            store.Space("s").Put("a", "1", null, null);
            store.Space("s").Put("b", "2", null, null);
        }

        using (var file = new FileStream(Path.Combine(_folder, "kv.log"), FileMode.Open))
        {
            file.SetLength(file.Length - 3);
        }

        using var again = Open();
        Assert.Equal("1", again.Space("s").Get("a")!.Value);
        Assert.Null(again.Space("s").Get("b"));
        Assert.True(again.Space("s").Put("b", "3", 0, null).Stored);
    }

    [Fact]
    public void A_flipped_byte_is_named_and_not_read_over()
    {
        using (var store = Open())
        {
            store.Space("s").Put("a", "1", null, null);
            store.Space("s").Put("b", "2", null, null);
        }

        var path = Path.Combine(_folder, "kv.log");
        var bytes = File.ReadAllBytes(path);
        bytes[20] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("byte 0", Assert.Throws<InvalidDataException>(() => Open().Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watcher_is_told_of_its_keys_in_order()
    {
        using var store = Open();
        var space = store.Space("s");
        var told = new List<string>();
        var watch = space.WatchAsync("a", CancellationToken.None);
        await using var changes = watch.GetAsyncEnumerator(CancellationToken.None);
        var next = changes.MoveNextAsync();
        space.Put("b", "0", null, null);
        space.Put("a1", "1", null, null);
        space.Remove("a1", null);
        Assert.True(await next);
        told.Add($"{changes.Current.Key}={changes.Current.Entry?.Value}");
        Assert.True(await changes.MoveNextAsync());
        told.Add($"{changes.Current.Key}={changes.Current.Entry?.Value}");
        Assert.Equal(["a1=1", "a1="], told);
    }

    [Fact]
    public void The_file_stays_in_proportion_to_what_is_stored()
    {
        using var store = Open();
        var space = store.Space("s");
        for (var i = 0; i < 300; i++)
        {
            space.Put("k", new string((char)('a' + (i % 26)), 20_000), null, null);
        }

        Assert.InRange(new FileInfo(Path.Combine(_folder, "kv.log")).Length, 1, 2 << 20);
        Assert.Equal(300, space.Get("k")!.Version);
    }

    private KeyValueStore Open() => KeyValueStore.Open(new PosixDisk(), Path.Combine(_folder, "kv.log"), _clock);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
