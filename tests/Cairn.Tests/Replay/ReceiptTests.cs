using System.Text;
using Cairn.Storage;
using Cairn.Tests.Storage;

namespace Cairn.Tests.Replay;

public sealed class ReceiptTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly SimulatedDisk _disk = new(1);
    private readonly ReceiptKey _key;
    private readonly StateStore _store;
    private readonly ReceiptJournal _journal;
    private readonly RunId _run = RunId.Parse("one");

    public ReceiptTests()
    {
        _key = ReceiptKey.Create(Path.Combine(_directory.Path, "key"));
        _store = ScriptedRun.NewStore(_disk);
        _journal = new(_store.Journal, _disk, "/state", _key);
    }

    public void Dispose()
    {
        _journal.Dispose();
        _store.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Every_record_has_a_receipt_that_the_public_key_and_the_export_confirm()
    {
        await WholeAsync();
        Assert.Equal(6, Lines().Count);
        foreach (var export in (List<string>?[])[null, Export()])
        {
            var found = Verify(Lines(), export);
            Assert.Equal((6, "one", true, null), (found.Receipts, found.Run, found.Ended, found.Problem));
        }
    }

    [Fact]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    public async Task A_key_is_readable_by_its_owner_only_never_replaced_and_refused_when_others_may_read_it()
    {
        var path = Path.Combine(_directory.Path, "key");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Throws<IOException>(() => ReceiptKey.Create(path));
        Assert.Equal(["key"], Directory.GetFiles(_directory.Path).Select(Path.GetFileName));
        using (var again = ReceiptKey.Load(path))
        {
            Assert.Equal(_key.PublicPem, again!.PublicPem);
        }

        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.GroupRead);
        Assert.Throws<InvalidDataException>(() => ReceiptKey.Load(path));
        await WholeAsync();
        Assert.DoesNotContain("PRIVATE", string.Join('\n', Lines()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_edited_character_is_found_and_named_by_its_line()
    {
        await WholeAsync();
        var lines = Lines();
        for (var at = 0; at < lines[2].Length; at++)
        {
            var edited = lines.ToList();
            edited[2] = lines[2].Remove(at, 1).Insert(at, lines[2][at] == '7' ? "8" : "7");
            var found = Verify(edited, null);
            Assert.True(found.Line == 3, $"the change at {at} is named as line {found.Line}: {found.Problem}");
            Assert.Equal(2, found.Receipts);
        }
    }

    [Fact]
    public async Task Missing_doubled_and_reordered_lines_are_found()
    {
        await WholeAsync();
        var lines = Lines();
        Assert.Equal(1, Verify(lines[1..], null).Line);
        Assert.Equal(4, Verify([.. lines[..3], .. lines[4..]], null).Line);
        Assert.Equal(4, Verify([.. lines[..3], .. lines[2..]], null).Line);
        Assert.Equal(3, Verify([.. lines[..2], lines[3], lines[2], .. lines[4..]], null).Line);
        Assert.Equal(7, Verify([.. lines, "{}"], null).Line);
        Assert.Equal(1, Verify([], null).Line);
    }

    [Fact]
    public async Task Truncated_receipts_fail_in_a_line_at_a_line_and_against_the_journal()
    {
        await WholeAsync();
        var lines = Lines();
        var text = string.Join('\n', lines) + "\n";
        for (var keep = 0; keep < text.Length; keep++)
        {
            // From the run's end on nothing in the file itself says that more followed; the journal does.
            var found = Verify(text[..keep], null, open: false);
            Assert.True(found.Problem is not null, $"{keep} of {text.Length} bytes pass");
        }

        Assert.Equal((5, 5), (Verify(lines[..5], null).Line, Verify(lines[..5], Export(), open: true).Line));
        Assert.Null(Verify(lines[..5], null, open: true).Problem);
        Assert.Equal(6, Verify(lines, Export()[..5]).Line);
    }

    [Fact]
    public async Task Receipts_signed_again_by_another_key_fail_with_both_keys()
    {
        await WholeAsync();
        var lines = Lines();
        using var other = ReceiptKey.Create(Path.Combine(_directory.Path, "other"));
        var resigned = ReceiptIssuer.Complete("", _store.Journal.Read(_run), other).TrimEnd('\n').Split('\n');
        Assert.Null(ReceiptVerifier.Verify(Reader(resigned), other.PublicPem, null, false).Problem);
        Assert.Equal(1, Verify(resigned, null).Line);
        Assert.Equal(1, ReceiptVerifier.Verify(Reader(lines), other.PublicPem, null, false).Line);

        // Pretending the first key's id does not help.
        var forged = Receipt.Parse(lines[3])!.Value.Receipt;
        Assert.Equal(4, Verify([.. lines[..3], forged.Line(other.Sign(forged.Signed)), .. lines[4..]], null).Line);
    }

    [Fact]
    public async Task An_exported_journal_that_was_altered_and_chained_again_does_not_match()
    {
        await WholeAsync();
        using var forged = ScriptedRun.NewStore(new SimulatedDisk(2));
        RunEvent[] events = [.. _store.Journal.Read(_run).Select(r => r.Event is AgentFinished x ? x with { Summary = "something else" } : r.Event)];
        await forged.Journal.AppendAsync(_run, 0, events, TestContext.Current.CancellationToken);
        var export = Export(forged);
        Assert.Empty(JournalExport.Check(export, null));
        Assert.Equal(4, Verify(Lines(), export).Line);

        var broken = Export();
        broken[2] = broken[2].Replace("read it", "wrote it", StringComparison.Ordinal);
        Assert.Equal(3, Verify(Lines(), broken).Line);
    }

    [Fact]
    public async Task What_a_crash_left_out_is_completed_and_what_stands_is_never_rewritten()
    {
        await AppendAsync(new CheckpointTaken("read it"));
        await _store.Journal.AppendAsync(_run, 2, [new CheckpointTaken("between append and receipt")], TestContext.Current.CancellationToken);
        var before = Text();
        Write(before + "{\"v\":1,\"run\":\"one\",\"seq\":2,\"ty");
        await AppendAsync(new RunRecovered("resume"));
        Assert.StartsWith(before, Text(), StringComparison.Ordinal);
        Assert.Equal(4, Lines().Count);
        Assert.Null(Verify(Lines(), Export(), open: true).Problem);
    }

    [Fact]
    public async Task Receipts_that_were_edited_or_belong_to_another_journal_are_not_continued_and_the_run_goes_on()
    {
        await AppendAsync(new CheckpointTaken("read it"));
        var edited = Text().Replace("\"seq\":1", "\"seq\":0", StringComparison.Ordinal);
        Write(edited);
        await AppendAsync(new CheckpointTaken("more"));
        Assert.Equal(edited, Text());
        Assert.Equal(3, _store.Journal.Read(_run).Count);

        Write(new string('x', 5000));
        await AppendAsync(new CheckpointTaken("more"));
        Assert.Equal(new string('x', 5000), Text());
    }

    [Fact]
    public async Task A_full_disk_costs_receipts_and_not_the_run()
    {
        await AppendAsync(new CheckpointTaken("read it"));
        using (var blocked = new ReceiptJournal(_store.Journal, new RefusingDisk(_disk), "/state", ReceiptKey.Load(Path.Combine(_directory.Path, "key"))!))
        {
            Assert.Single(await blocked.AppendAsync(_run, 2, [new CheckpointTaken("no room")], TestContext.Current.CancellationToken));
        }

        await AppendAsync(new CheckpointTaken("room again"));
        Assert.Equal(4, Lines().Count);
        Assert.Null(Verify(Lines(), Export(), open: true).Problem);
    }

    private async Task WholeAsync()
    {
        await AppendAsync(new CheckpointTaken("begun"));
        await AppendAsync(new CheckpointTaken("read it"), new AgentFinished(true, "done"));
        await AppendAsync(new CheckpointTaken("last"), new RunEnded(RunOutcome.Succeeded, "", default));
    }

    private async Task AppendAsync(params RunEvent[] events)
    {
        var count = _store.Journal.Read(_run).Count;
        RunEvent[] first = count == 0 ? [new RunRecovered("first")] : [];
        await _journal.AppendAsync(_run, count, [.. first, .. events], TestContext.Current.CancellationToken);
    }

    private List<string> Export(StateStore? store = null)
    {
        using var buffer = new MemoryStream();
        (store ?? _store).Export(_run, buffer, TestContext.Current.CancellationToken);
        return [.. Encoding.UTF8.GetString(buffer.ToArray()).TrimEnd('\n').Split('\n')];
    }

    private List<string> Lines() => [.. Text().TrimEnd('\n').Split('\n')];

    private string Text()
    {
        using var file = _disk.Open("/state/receipts/one.jsonl", DiskOpen.Read);
        var bytes = new byte[file.Length];
        return Encoding.UTF8.GetString(bytes, 0, file.Read(0, bytes));
    }

    private void Write(string text)
    {
        using var file = _disk.Open("/state/receipts/one.jsonl", DiskOpen.ReadWrite);
        file.SetLength(0);
        file.Write(0, Encoding.UTF8.GetBytes(text));
    }

    private static StringReader Reader(IReadOnlyList<string> lines) => new(string.Concat(lines.Select(l => l + "\n")));

    private ReceiptFindings Verify(IReadOnlyList<string> lines, List<string>? export, bool open = false) =>
        ReceiptVerifier.Verify(Reader(lines), _key.PublicPem, export, open);

    private ReceiptFindings Verify(string text, List<string>? export, bool open) =>
        ReceiptVerifier.Verify(new StringReader(text), _key.PublicPem, export, open);

    private sealed class RefusingDisk(IDisk disk) : IDisk
    {
        public IDiskFile Open(string path, DiskOpen mode) => throw new IOException("No space left on device");

        public bool Exists(string path) => disk.Exists(path);

        public void CreateDirectory(string path) => disk.CreateDirectory(path);

        public IReadOnlyList<string> List(string path) => disk.List(path);

        public void Rename(string from, string to) => disk.Rename(from, to);

        public void Delete(string path) => disk.Delete(path);

        public void SyncDirectory(string path) => disk.SyncDirectory(path);

        public IDisposable? TryLock(string path) => disk.TryLock(path);
    }
}
