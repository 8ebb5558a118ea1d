using System.Text;
using Cairn.Storage;

namespace Cairn.Tests.Storage;

/// <summary>The end of a run is anchored at once, and does not cost what all other runs do.</summary>
public sealed class RecentAnchorTests
{
    private static readonly StateStoreOptions Options = new() { ZeroFillBytes = 4096, NewSalt = () => 7, RecentEnds = 8 };
    private readonly SimulatedDisk _disk = new(1);

    [Fact]
    public void Only_the_runs_that_ended_since_are_written_until_there_are_many()
    {
        using var store = Open();
        End(store, 0, 9);
        Assert.Contains("r0 1 ", Text("heads"), StringComparison.Ordinal); // the first segment was begun
        Assert.DoesNotContain("r1 ", Text("heads"), StringComparison.Ordinal);
        Assert.Contains("r1 1 ", Text("heads.recent"), StringComparison.Ordinal);
        Assert.Contains("r8 1 ", Text("heads.recent"), StringComparison.Ordinal);
        End(store, 9, 11);
        Assert.Contains("r9 1 ", Text("heads"), StringComparison.Ordinal);
        Assert.Contains("r10 1 ", Text("heads.recent"), StringComparison.Ordinal);
        Assert.DoesNotContain("r9 ", Text("heads.recent"), StringComparison.Ordinal);
        Assert.Empty(Verify());
    }

    [Theory]
    [InlineData(3)]
    [InlineData(12)]
    public void A_log_that_was_cut_behind_the_end_of_a_run_is_refused(int runs)
    {
        var disk = Killed(runs);
        var segment = StorageScript.Directory + "/journal/00000001.log";
        using (var file = disk.Open(segment, DiskOpen.ReadWrite))
        {
            file.SetLength(long.Parse(Text("heads.recent", disk).Split(' ')[4], System.Globalization.CultureInfo.InvariantCulture) - 100);
        }

        Assert.Contains("truncated", Assert.Throws<InvalidDataException>(() => Open(disk)).Message, StringComparison.Ordinal);
        Assert.NotEmpty(StateStore.Verify(disk, StorageScript.Directory, CancellationToken.None));
        Open(disk, Options with { Reanchor = true }).Dispose();
        Open(disk).Dispose();
        Assert.Empty(StateStore.Verify(disk, StorageScript.Directory, CancellationToken.None));
    }

    [Fact]
    public void What_a_killed_process_anchored_is_not_lost_to_the_next_one()
    {
        var disk = Killed(3);
        using var store = Open(disk);
        Assert.Contains("r2 1 ", Text("heads", disk), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_file_of_recent_ends_is_named()
    {
        var disk = Killed(3);
        using (var file = disk.Open(StorageScript.Directory + "/heads.recent", DiskOpen.ReadWrite))
        {
            file.Write(20, "x"u8);
        }

        Assert.Contains("heads.recent is damaged", Assert.Throws<InvalidDataException>(() => Open(disk)).Message, StringComparison.Ordinal);
    }

    private SimulatedDisk Killed(int runs)
    {
        var store = Open();
        End(store, 0, runs);
        _disk.Crash();
        return _disk.Restart();
    }

    private StateStore Open() => Open(_disk);

    private static StateStore Open(SimulatedDisk disk, StateStoreOptions? options = null) =>
        StateStore.Open(disk, StorageScript.Directory, TimeProvider.System, options ?? Options);

    private static void End(StateStore store, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            store.Journal.AppendAsync(RunId.Parse($"r{i}"), 0, [new RunEnded(RunOutcome.Succeeded, "", default)], CancellationToken.None).AsTask().GetAwaiter().GetResult();
        }
    }

    private IReadOnlyList<JournalFinding> Verify() => StateStore.Verify(_disk, StorageScript.Directory, CancellationToken.None);

    private string Text(string name, SimulatedDisk? disk = null)
    {
        using var file = (disk ?? _disk).Open($"{StorageScript.Directory}/{name}", DiskOpen.Read);
        var bytes = new byte[file.Length];
        return Encoding.ASCII.GetString(bytes, 0, file.Read(0, bytes));
    }
}
