using Cairn.Storage;

namespace Cairn.Tests.Storage;

/// <summary>Each kind of tampering is named, by verify and at opening.</summary>
public sealed class TamperingTests
{
    private const string Segment = StorageScript.Directory + "/journal/00000001.log";
    private static readonly StateStoreOptions Options = new() { ZeroFillBytes = 4096, NewSalt = () => 7 };
    private readonly SimulatedDisk _disk = new(1);
    private readonly List<long> _ends = [];

    public TamperingTests()
    {
        using var store = Open();
        for (var i = 0; i < 6; i++)
        {
            store.Blobs.Put(StorageScript.Bytes($"body {i}"));
            Append(store, i % 2 == 0 ? "even" : "odd", i / 2, $"event {i}");
            _ends.Add(End());
        }
    }

    [Fact]
    public void An_untouched_journal_passes()
    {
        Assert.Empty(Verify());
        Open().Dispose();
    }

    [Fact]
    public void Every_flipped_byte_is_found_by_verify_and_none_is_taken_at_opening()
    {
        var original = Read(Segment);
        for (var at = 0; at < original.Length; at++)
        {
            var bytes = (byte[])original.Clone();
            bytes[at] ^= 0x10;
            Write(Segment, bytes);
            Assert.True(Verify().Count > 0, $"verify misses a flip at {at}");
            Assert.Throws<InvalidDataException>(Open);
            Assert.Equal(bytes, Read(Segment));
        }
    }

    [Fact]
    public void A_flipped_byte_in_an_event_is_named_by_segment_offset_run_and_seq()
    {
        Change(bytes => bytes[Find(bytes, "event 2")] ^= 1);
        var message = Assert.Throws<InvalidDataException>(Open).Message;
        Assert.Contains("segment 00000001.log, offset ", message, StringComparison.Ordinal);
        Assert.Contains("run even, seq 1", message, StringComparison.Ordinal);
        Assert.Contains(Verify(), finding => finding is { Run: "even", Seq: 1 });
        Assert.Throws<InvalidDataException>(() => StateStore.OpenReadOnly(_disk, StorageScript.Directory));
    }

    [Fact]
    public void A_flipped_byte_under_an_open_writer_is_named_when_the_record_is_read()
    {
        using var store = Open();
        Change(bytes => bytes[Find(bytes, "event 3")] ^= 1);
        Assert.Contains("run odd, seq 1", Assert.Throws<InvalidDataException>(() => store.Journal.Read(RunId.Parse("odd"))).Message, StringComparison.Ordinal);
        Assert.Equal(3, store.Journal.Read(RunId.Parse("even")).Count);
    }

    [Fact]
    public void A_damaged_body_is_named_by_its_hash()
    {
        var hash = BlobHash.OfText("body 2");
        using var store = Open();
        Change(bytes => bytes[Find(bytes, "body 2")] ^= 1);
        Assert.Contains(hash.Value, Assert.Throws<InvalidDataException>(() => store.Blobs.TryGet(hash)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(3)]
    [InlineData(1)]
    public void A_journal_cut_at_a_record_boundary_is_found_out_by_its_anchors(int keep)
    {
        Write(Segment, Read(Segment)[..(int)_ends[keep - 1]]);
        Assert.Contains("truncated", Assert.Throws<InvalidDataException>(Open).Message, StringComparison.Ordinal);
        Assert.Contains(Verify(), finding => finding.Message.Contains("truncated: the run had 3 records", StringComparison.Ordinal) && finding.Run == "odd");
    }

    [Fact]
    public void A_journal_that_is_gone_is_found_out_by_its_anchors()
    {
        _disk.Delete(Segment);
        Assert.Throws<InvalidDataException>(Open);
        Assert.Equal(3, Verify().Count);
    }

    [Fact]
    public void Exchanged_commits_are_found()
    {
        Change(bytes =>
        {
            var first = bytes[(int)_ends[1]..(int)_ends[2]];
            var second = bytes[(int)_ends[3]..(int)_ends[4]];
            Assert.Equal(first.Length, second.Length);
            second.CopyTo(bytes, _ends[1]);
            first.CopyTo(bytes, _ends[3]);
        });
        Assert.Contains("belongs elsewhere", Assert.Throws<InvalidDataException>(Open).Message, StringComparison.Ordinal);
        Assert.Contains(Verify(), finding => finding.Run == "even");
    }

    [Fact]
    public void An_edited_record_with_a_right_checksum_breaks_the_chain()
    {
        Forge("event 2", "EVENT 2");
        Assert.Contains(Verify(), finding => finding is { Run: "even", Seq: 1 } && finding.Message.Contains("edited", StringComparison.Ordinal));
        using var store = Open();
        Assert.Contains("run even, seq 1", Assert.Throws<InvalidDataException>(() => store.Journal.Read(RunId.Parse("even"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_extended_journal_is_found_out()
    {
        var bytes = Read(Segment);
        Write(Segment, [.. bytes, .. bytes[(int)_ends[4]..(int)_ends[5]]]);
        Assert.Contains(Verify(), finding => finding.Message.Contains("extended", StringComparison.Ordinal));
        Assert.Contains("extended", Assert.Throws<InvalidDataException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_torn_tail_of_a_log_that_was_open_is_dropped()
    {
        var store = Open();
        Append(store, "even", 3, "kept");
        var kept = End();
        Append(store, "even", 4, "torn");
        _disk.Crash();
        var disk = _disk.Restart();
        using (var file = disk.Open(Segment, DiskOpen.ReadWrite))
        {
            file.Write(kept + 60, new byte[30]);
        }

        Assert.Empty(StateStore.Verify(disk, StorageScript.Directory, CancellationToken.None));
        using var again = StateStore.Open(disk, StorageScript.Directory, TimeProvider.System, Options);
        Assert.Equal(4, again.Journal.Read(RunId.Parse("even")).Count);
        Append(again, "even", 4, "again");
        Assert.Empty(again.Verify(CancellationToken.None));
    }

    [Fact]
    public void A_body_that_quotes_the_log_itself_is_no_commit_even_behind_a_torn_one()
    {
        var store = Open();
        store.Blobs.Put(Read(Segment));
        Append(store, "even", 3, "quotes");
        var torn = (int)_ends[^1];
        _disk.Crash();
        var disk = _disk.Restart();
        using (var file = disk.Open(Segment, DiskOpen.ReadWrite))
        {
            file.Write(torn, new byte[60]);
        }

        using var again = StateStore.Open(disk, StorageScript.Directory, TimeProvider.System, Options);
        Assert.Equal(3, again.Journal.Read(RunId.Parse("even")).Count);
    }

    [Theory]
    [InlineData("anchor file")]
    [InlineData("is missing")]
    public void Damaged_or_missing_anchors_are_refused_until_a_human_anchors_anew(string kind)
    {
        var heads = StorageScript.Directory + "/heads";
        if (kind == "is missing")
        {
            _disk.Delete(heads);
        }
        else
        {
            var bytes = Read(heads);
            bytes[20] ^= 1;
            Write(heads, bytes);
        }

        Assert.Contains(kind, Assert.Throws<InvalidDataException>(Open).Message, StringComparison.Ordinal);
        Assert.NotEmpty(Verify());
        StateStore.Open(_disk, StorageScript.Directory, TimeProvider.System, Options with { Reanchor = true }).Dispose();
        Open().Dispose();
        Assert.Empty(Verify());
    }

    [Fact]
    public void A_record_of_a_newer_format_is_refused_by_name_and_not_dropped()
    {
        Change(bytes =>
        {
            var header = bytes.AsSpan((int)_ends[4]);
            header[4] = 9;
            BitConverter.TryWriteBytes(header[44..], Crc32C.Of(header[..44]));
        });
        Assert.Contains("written by a newer Cairn (format 9", Assert.Throws<InvalidDataException>(Open).Message, StringComparison.Ordinal);
        Assert.Contains(Verify(), finding => finding.Message.Contains("newer Cairn", StringComparison.Ordinal));
    }

    [Fact]
    public void A_large_body_with_other_bytes_is_found()
    {
        var body = new byte[StateStoreOptions.SmallBodyBytes + 1];
        var hash = BlobHash.Of(body);
        using (var store = Open())
        {
            store.Blobs.Put(body);
        }

        var path = $"{StorageScript.Directory}/blobs/{hash.Value[..2]}/{hash.Value}";
        body[9] = 1;
        Write(path, body);
        Assert.Contains(Verify(), finding => finding.Where.EndsWith(hash.Value, StringComparison.Ordinal));
        using var again = Open();
        Assert.Throws<InvalidDataException>(() => again.Blobs.TryGet(hash));
    }

    private static int Find(byte[] bytes, string text) => bytes.AsSpan().IndexOf(StorageScript.Bytes(text));

    private static void Append(StateStore store, string run, long seq, string text)
    {
        var task = store.Journal.AppendAsync(RunId.Parse(run), seq, [new CheckpointTaken(text)], CancellationToken.None).AsTask();
        Assert.True(task.IsCompletedSuccessfully);
    }

    // Changes a text and mends every checksum on the way, but not the hash chain.
    private void Forge(string from, string to) => Change(bytes =>
    {
        var at = Find(bytes, from);
        StorageScript.Bytes(to).CopyTo(bytes, at);
        var start = (int)_ends.Last(end => end < at);
        var crc = uint.MaxValue;
        for (var record = start + CommitHeader.Bytes; record < _ends.First(end => end > at);)
        {
            var length = BitConverter.ToInt32(bytes, record + 4);
            BitConverter.TryWriteBytes(bytes.AsSpan(record), Crc32C.Of(bytes.AsSpan((record + 4)..(record + length))));
            crc = Crc32C.Add(crc, bytes.AsSpan(record, 4));
            record += RecordView.Pad(length);
        }

        BitConverter.TryWriteBytes(bytes.AsSpan(start + 40), ~crc);
        BitConverter.TryWriteBytes(bytes.AsSpan(start + 44), Crc32C.Of(bytes.AsSpan(start, 44)));
    });

    private StateStore Open() => StateStore.Open(_disk, StorageScript.Directory, TimeProvider.System, Options);

    private IReadOnlyList<JournalFinding> Verify() => StateStore.Verify(_disk, StorageScript.Directory, CancellationToken.None);

    private long End()
    {
        var bytes = Read(Segment);
        var end = _ends.Count == 0 ? SegmentHeader.Bytes : _ends[^1];
        while (CommitHeader.TryRead(bytes.AsSpan((int)end), out var commit))
        {
            end = commit.End;
        }

        return end;
    }

    private void Change(Action<byte[]> change)
    {
        var bytes = Read(Segment);
        change(bytes);
        Write(Segment, bytes);
    }

    private byte[] Read(string path)
    {
        using var file = _disk.Open(path, DiskOpen.Read);
        var bytes = new byte[file.Length];
        Assert.Equal(bytes.Length, file.Read(0, bytes));
        return bytes;
    }

    private void Write(string path, byte[] bytes)
    {
        using var file = _disk.Open(path, DiskOpen.ReadWrite);
        file.SetLength(0);
        file.Write(0, bytes);
    }
}
