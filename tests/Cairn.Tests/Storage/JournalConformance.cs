using System.Text.Json;
using Cairn.Storage;

namespace Cairn.Tests.Storage;

/// <summary>What every journal and blob store must do, on every disk.</summary>
public abstract class JournalConformance : IDisposable
{
    private static readonly RunId A = RunId.Parse("a");
    private static readonly RunId B = RunId.Parse("b-0123456789abcd");

    protected abstract IDisk Disk { get; }

    protected abstract string Root { get; }

    private string State => Path.Combine(Root, "state");

    [Fact]
    public async Task Events_are_read_back_as_they_were_appended_also_by_the_next_process()
    {
        var token = TestContext.Current.CancellationToken;
        IReadOnlyList<JournalRecord> first, second;
        using (var store = Open())
        {
            first = await store.Journal.AppendAsync(A, 0, [Event("1"), Event("2")], token);
            await store.Journal.AppendAsync(B, 0, [Event("other")], token);
            second = await store.Journal.AppendAsync(A, 2, [Event("3 \u00e4\u2028\n\"")], token);
            Assert.Equal([.. first, .. second], store.Journal.Read(A));
            Assert.Equal(second, store.Journal.Read(A, 2));
            Assert.Empty(store.Journal.Read(A, 3));
            Assert.Empty(store.Journal.Read(RunId.Parse("nobody")));
            Assert.Empty(store.Journal.Read(default));
        }

        using var again = Open();
        Assert.Equal([.. first, .. second], again.Journal.Read(A));
        Assert.Equal([0L, 1, 2], again.Journal.Read(A).Select(record => record.Seq));
        var heads = again.Journal.Runs();
        Assert.Equal([A, B], heads.Select(head => head.Run));
        Assert.Equal(new RunHead(A, 3, second[0].Chain, first[0].At, second[0].At), heads[0]);
        Assert.Empty(again.Verify(token));
    }

    [Fact]
    public async Task The_chain_is_the_hash_that_the_format_says()
    {
        using var store = Open();
        var record = (await store.Journal.AppendAsync(A, 0, [Event("1")], TestContext.Current.CancellationToken))[0];
        var payload = JsonSerializer.SerializeToUtf8Bytes<RunEvent>(Event("1"), CairnJson.Default.RunEvent);
        var bytes = new byte[32 + 40 + payload.Length];
        bytes[32] = 1;
        bytes[34] = 1;
        bytes[40] = (byte)'a';
        BitConverter.TryWriteBytes(bytes.AsSpan(64), record.At.UtcTicks - DateTimeOffset.UnixEpoch.Ticks);
        payload.CopyTo(bytes, 72);
        Assert.Equal(BlobHash.Of(bytes), record.Chain);
    }

    [Fact]
    public async Task An_append_that_expects_another_length_is_refused_and_changes_nothing()
    {
        var token = TestContext.Current.CancellationToken;
        using var store = Open();
        await Assert.ThrowsAsync<JournalConflictException>(async () => await store.Journal.AppendAsync(A, 1, [Event("x")], token));
        Assert.Empty(store.Journal.Runs());
        await store.Journal.AppendAsync(A, 0, [Event("1")], token);
        await Assert.ThrowsAsync<JournalConflictException>(async () => await store.Journal.AppendAsync(A, 0, [Event("x")], token));
        Assert.Single(store.Journal.Read(A));
        await store.Journal.AppendAsync(A, 1, [Event("2")], token);
        Assert.Empty(store.Verify(token));
    }

    [Fact]
    public async Task A_cancelled_or_invalid_append_leaves_no_trace()
    {
        var token = TestContext.Current.CancellationToken;
        using var store = Open();
        await Assert.ThrowsAsync<OperationCanceledException>(
            async () => await store.Journal.AppendAsync(A, 0, [Event("x")], new CancellationToken(true)));
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await store.Journal.AppendAsync(A, 0, [Event("ok"), Event(new string('x', 33 * 1024 * 1024))], token));
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.Journal.AppendAsync(default, 0, [Event("x")], token));
        Assert.Empty(await store.Journal.AppendAsync(A, 0, [], token));
        Assert.Empty(store.Journal.Runs());
        await store.Journal.AppendAsync(A, 0, [Event("1")], token);
        Assert.Empty(store.Verify(token));
    }

    [Fact]
    public async Task Bodies_of_all_sizes_are_kept_once_and_come_back_before_and_after_their_commit()
    {
        var token = TestContext.Current.CancellationToken;
        byte[][] bodies = [[], [1], new byte[4096], new byte[StateStoreOptions.SmallBodyBytes], new byte[StateStoreOptions.SmallBodyBytes + 1], new byte[3_000_000]];
        using (var store = Open())
        {
            foreach (var body in bodies)
            {
                Assert.Equal(BlobHash.Of(body), store.Blobs.Put(body));
                Assert.Equal(body, store.Blobs.TryGet(BlobHash.Of(body)));
            }

            await store.Journal.AppendAsync(A, 0, [Event("1")], token);
            var size = Size();
            foreach (var body in bodies)
            {
                store.Blobs.Put(body);
                Assert.Equal(body, store.Blobs.Get(BlobHash.Of(body)));
            }

            store.Flush();
            Assert.Equal(size, Size());
            Assert.Null(store.Blobs.TryGet(BlobHash.OfText("unknown")));
            Assert.Throws<InvalidDataException>(() => store.Blobs.Get(BlobHash.OfText("unknown")));
        }

        using var again = Open();
        Assert.All(bodies, body => Assert.Equal(body, again.Blobs.Get(BlobHash.Of(body))));
        Assert.Empty(again.Verify(token));
    }

    [Fact]
    public async Task The_log_rolls_over_into_segments_and_stays_one()
    {
        var token = TestContext.Current.CancellationToken;
        var options = new StateStoreOptions { SegmentBytes = 4096, ZeroFillBytes = 1024 };
        using (var store = StateStore.Open(Disk, State, TimeProvider.System, options))
        {
            for (var i = 0; i < 40; i++)
            {
                await store.Journal.AppendAsync(i % 3 == 0 ? B : A, store.Journal.Read(i % 3 == 0 ? B : A).Count, [Event(new string('x', i * 10))], token);
            }

            await store.Journal.AppendAsync(A, store.Journal.Read(A).Count, [Event(new string('y', 20_000))], token);
        }

        Assert.InRange(Disk.List(Path.Combine(State, "journal")).Count, 5, 40);
        using var again = Open();
        Assert.Equal(41, again.Journal.Runs().Sum(head => head.Count));
        Assert.Equal(20_000, ((CheckpointTaken)again.Journal.Read(A)[^1].Event).Reason.Length);
        Assert.Empty(again.Verify(token));
    }

    [Fact]
    public async Task A_second_writer_is_refused_and_told_who_holds_the_directory()
    {
        using (Open())
        {
            var refused = Assert.Throws<StateDirectoryInUseException>(() => Open());
            Assert.Equal(State, refused.Directory);
            Assert.Contains(State, refused.Message, StringComparison.Ordinal);
            Assert.NotNull(refused.ProcessId);
        }

        using var next = Open();
        await next.Journal.AppendAsync(A, 0, [Event("1")], TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_reader_sees_what_a_writer_appends_after_a_refresh_and_may_not_write()
    {
        var token = TestContext.Current.CancellationToken;
        using var early = StateStore.OpenReadOnly(Disk, State);
        Assert.Empty(early.Journal.Runs());
        using var store = StateStore.Open(Disk, State, TimeProvider.System, new() { SegmentBytes = 4096, ZeroFillBytes = 512 });
        await store.Journal.AppendAsync(A, 0, [Event("1")], token);
        using var reader = StateStore.OpenReadOnly(Disk, State);
        Assert.Single(reader.Journal.Read(A));
        for (var i = 1; i < 30; i++)
        {
            var body = store.Blobs.Put(StorageScript.Bytes($"body {i}"));
            await store.Journal.AppendAsync(A, i, [Event(new string('z', 300))], token);
            Assert.Equal(i, reader.Journal.Read(A).Count);
            reader.Refresh();
            Assert.Equal(store.Journal.Read(A), reader.Journal.Read(A));
            Assert.NotNull(reader.Blobs.TryGet(body));
        }

        early.Refresh();
        Assert.Equal(store.Journal.Runs(), early.Journal.Runs());
        Assert.Empty(reader.Verify(token));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await reader.Journal.AppendAsync(A, 30, [Event("x")], token));
        Assert.Throws<InvalidOperationException>(() => reader.Blobs.Put([1]));
    }

    [Fact]
    public async Task After_the_end_no_more_is_taken()
    {
        var store = Open();
        store.Dispose();
        store.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(
            async () => await store.Journal.AppendAsync(A, 0, [Event("x")], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_export_is_json_lines_whose_chain_can_be_checked_without_cairn()
    {
        var token = TestContext.Current.CancellationToken;
        using var store = Open();
        for (var i = 0; i < 5; i++)
        {
            await store.Journal.AppendAsync(A, i, [Event($"<\u00e9\u2028> {i}")], token);
        }

        using var stream = new MemoryStream();
        store.Export(A, stream, token);
        var lines = System.Text.Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5, lines.Length);
        var end = store.Journal.Runs()[0].Chain;
        Assert.Empty(JournalExport.Check(lines, end));
        Assert.NotEmpty(JournalExport.Check(lines[..4], end));
        Assert.NotEmpty(JournalExport.Check([lines[1], lines[0], .. lines[2..]], end));
        Assert.NotEmpty(JournalExport.Check([.. lines, lines[4]], end));
        var edited = Assert.Single(JournalExport.Check([lines[0], lines[1], lines[2].Replace(" 2\"", " 7\"", StringComparison.Ordinal), lines[3], lines[4]], end));
        Assert.Equal(("line 3", 2L), (edited.Where, edited.Seq));
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    private static CheckpointTaken Event(string text) => new(text);

    private StateStore Open() => StateStore.Open(Disk, State, TimeProvider.System);

    private long Size()
    {
        var total = 0L;
        var journal = Path.Combine(State, "journal");
        foreach (var name in Disk.List(journal))
        {
            using var file = Disk.Open(Path.Combine(journal, name), DiskOpen.Read);
            var bytes = new byte[file.Length];
            _ = file.Read(0, bytes);
            total += bytes.AsSpan().TrimEnd((byte)0).Length;
        }

        return total;
    }
}
