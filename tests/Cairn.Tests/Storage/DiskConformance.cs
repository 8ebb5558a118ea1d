using Cairn.Storage;

namespace Cairn.Tests.Storage;

/// <summary>What every disk must do.</summary>
public abstract class DiskConformance : IDisposable
{
    protected abstract IDisk Disk { get; }

    protected abstract string Root { get; }

    [Fact]
    public void What_is_written_is_read_back_and_reading_stops_at_the_end()
    {
        using var file = Disk.Open(Path.Combine(Root, "f"), DiskOpen.ReadWrite);
        file.Write(0, "hello"u8);
        file.Write(3, "p me"u8);
        file.Sync();
        var buffer = new byte[32];
        Assert.Equal(7, file.Length);
        Assert.Equal(7, file.Read(0, buffer));
        Assert.Equal("help me"u8.ToArray(), buffer[..7]);
        Assert.Equal(2, file.Read(5, buffer));
        Assert.Equal(0, file.Read(7, buffer));
        Assert.Equal(0, file.Read(100, buffer));
    }

    [Fact]
    public void A_gap_and_a_file_made_longer_read_as_zeros_also_where_something_was_cut_off_before()
    {
        using var file = Disk.Open(Path.Combine(Root, "f"), DiskOpen.ReadWrite);
        file.Write(2000, "x"u8);
        file.SetLength(1);
        file.SetLength(3000);
        var buffer = new byte[3000];
        Assert.Equal(3000, file.Read(0, buffer));
        Assert.All(buffer, value => Assert.Equal(0, value));
    }

    [Fact]
    public void Open_follows_its_mode()
    {
        var path = Path.Combine(Root, "f");
        Assert.ThrowsAny<IOException>(() => Disk.Open(path, DiskOpen.Read));
        Disk.Open(path, DiskOpen.CreateNew).Dispose();
        Assert.ThrowsAny<IOException>(() => Disk.Open(path, DiskOpen.CreateNew));
        using var reading = Disk.Open(path, DiskOpen.Read);
        Assert.ThrowsAny<Exception>(() => reading.Write(0, "x"u8));
        Assert.ThrowsAny<IOException>(() => Disk.Open(Path.Combine(Root, "none", "f"), DiskOpen.ReadWrite));
    }

    [Fact]
    public void One_file_may_be_open_many_times_and_all_see_the_same()
    {
        var path = Path.Combine(Root, "f");
        using var writer = Disk.Open(path, DiskOpen.ReadWrite);
        using var reader = Disk.Open(path, DiskOpen.Read);
        writer.Write(0, "abc"u8);
        var buffer = new byte[3];
        Assert.Equal(3, reader.Read(0, buffer));
        Assert.Equal(3, reader.Length);
    }

    [Fact]
    public void List_names_the_files_only_and_sorted_and_nothing_for_a_directory_that_is_not_there()
    {
        Disk.CreateDirectory(Path.Combine(Root, "d", "e"));
        foreach (var name in new[] { "b", "a", "B" })
        {
            Disk.Open(Path.Combine(Root, "d", name), DiskOpen.CreateNew).Dispose();
        }

        Assert.Equal(["B", "a", "b"], Disk.List(Path.Combine(Root, "d")));
        Assert.Empty(Disk.List(Path.Combine(Root, "none")));
        Assert.True(Disk.Exists(Path.Combine(Root, "d", "a")));
        Assert.False(Disk.Exists(Path.Combine(Root, "d", "e")));
        Assert.False(Disk.Exists(Path.Combine(Root, "none", "e")));
    }

    [Fact]
    public void Rename_replaces_and_delete_forgives()
    {
        string from = Path.Combine(Root, "from"), to = Path.Combine(Root, "to");
        using (var file = Disk.Open(from, DiskOpen.CreateNew))
        {
            file.Write(0, "new"u8);
        }

        Disk.Open(to, DiskOpen.CreateNew).Dispose();
        Disk.Rename(from, to);
        Disk.SyncDirectory(Root);
        Assert.False(Disk.Exists(from));
        using (var file = Disk.Open(to, DiskOpen.Read))
        {
            Assert.Equal(3, file.Length);
        }

        Assert.ThrowsAny<IOException>(() => Disk.Rename(from, to));
        Disk.Delete(to);
        Disk.Delete(to);
        Disk.Delete(Path.Combine(Root, "none", "f"));
        Assert.False(Disk.Exists(to));
    }

    [Fact]
    public void A_directory_may_be_made_twice_and_one_that_is_not_there_cannot_be_synced()
    {
        Disk.CreateDirectory(Path.Combine(Root, "x", "y", "z"));
        Disk.CreateDirectory(Path.Combine(Root, "x", "y", "z"));
        Disk.SyncDirectory(Path.Combine(Root, "x", "y"));
        Assert.ThrowsAny<IOException>(() => Disk.SyncDirectory(Path.Combine(Root, "none")));
    }

    [Fact]
    public void A_lock_is_held_by_one_and_free_again_when_it_is_given_back_and_its_file_is_no_obstacle()
    {
        var path = Path.Combine(Root, "lock");
        using (var held = Disk.TryLock(path))
        {
            Assert.NotNull(held);
            Assert.Null(Disk.TryLock(path));
            Assert.True(Disk.Exists(path));
        }

        using var again = Disk.TryLock(path);
        Assert.NotNull(again);
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>A directory of the real disk that goes away with the test.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cairn-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

public sealed class PosixDiskTests : DiskConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override IDisk Disk { get; } = new PosixDisk();

    protected override string Root => _directory.Path;

    [Fact]
    public void New_directories_are_for_their_owner_only()
    {
        var path = Path.Combine(Root, "private");
        Disk.CreateDirectory(path);
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, new DirectoryInfo(path).UnixFileMode);
    }

    protected override void Dispose(bool disposing)
    {
        _directory.Dispose();
        base.Dispose(disposing);
    }
}

public sealed class SimulatedDiskTests : DiskConformance
{
    private readonly SimulatedDisk _disk = new(7);

    public SimulatedDiskTests() => _disk.CreateDirectory("/root");

    protected override IDisk Disk => _disk;

    protected override string Root => "/root";

    [Fact]
    public void Synced_bytes_and_names_survive_and_unsynced_ones_meet_every_fate()
    {
        var fates = new HashSet<string>();
        for (var seed = 0UL; seed < 200; seed++)
        {
            var disk = new SimulatedDisk(seed);
            disk.CreateDirectory("/d");
            disk.SyncDirectory("/");
            using (var file = disk.Open("/d/f", DiskOpen.ReadWrite))
            {
                file.Write(0, Enumerable.Repeat((byte)1, 1024).ToArray());
                file.Sync();
                disk.SyncDirectory("/d");
                file.Write(512, Enumerable.Repeat((byte)2, 512).ToArray());
                disk.Open("/d/unsynced", DiskOpen.ReadWrite).Dispose();
            }

            var after = disk.Restart();
            var bytes = new byte[1024];
            using var survivor = after.Open("/d/f", DiskOpen.Read);
            Assert.Equal(1024, survivor.Read(0, bytes));
            Assert.All(bytes[..512], value => Assert.Equal(1, value));
            Assert.All(bytes[512..], value => Assert.InRange(value, 1, 2));
            fates.Add(bytes[512] == 1 ? "lost" : bytes[1023] == 2 ? "kept" : "torn");
            fates.Add(after.Exists("/d/unsynced") ? "name kept" : "name lost");
        }

        Assert.Superset(new HashSet<string> { "lost", "kept", "torn", "name kept", "name lost" }, fates);
    }

    [Fact]
    public void Writes_may_survive_in_another_order_than_they_were_made()
    {
        Assert.Contains(Enumerable.Range(0, 100), seed =>
        {
            var disk = new SimulatedDisk((ulong)seed);
            using (var file = disk.Open("/f", DiskOpen.ReadWrite))
            {
                disk.SyncDirectory("/");
                file.SetLength(1024);
                file.Sync();
                file.Write(0, "x"u8);
                file.Write(512, "y"u8);
            }

            var bytes = new byte[1024];
            _ = disk.Restart().Open("/f", DiskOpen.Read).Read(0, bytes);
            return bytes[0] == 0 && bytes[512] != 0;
        });
    }

    [Fact]
    public void The_same_seed_gives_the_same_ruin()
    {
        Assert.Equal(Ruin(5), Ruin(5));
        Assert.Contains(Enumerable.Range(6, 20), seed => !Ruin(5).SequenceEqual(Ruin((ulong)seed)));
    }

    [Fact]
    public void After_a_crash_everything_throws_until_the_restart()
    {
        using var file = _disk.Open("/root/f", DiskOpen.ReadWrite);
        _disk.CrashAt(_disk.Operations + 1);
        file.Write(0, "x"u8);
        Assert.Throws<SimulatedCrashException>(() => file.Write(1, "y"u8));
        Assert.True(_disk.Crashed);
        Assert.Throws<SimulatedCrashException>(() => file.Read(0, new byte[1]));
        Assert.Throws<SimulatedCrashException>(() => _disk.List("/root"));
        Assert.Throws<SimulatedCrashException>(() => _disk.TryLock("/root/l"));
        _ = _disk.Restart().List("/root");
    }

    [Fact]
    public void A_sync_that_failed_is_not_made_good_by_one_that_succeeds()
    {
        Assert.Contains(Enumerable.Range(0, 50), seed =>
        {
            var disk = new SimulatedDisk((ulong)seed);
            using (var file = disk.Open("/f", DiskOpen.ReadWrite))
            {
                disk.SyncDirectory("/");
                file.Write(0, "x"u8);
                disk.FailAt(disk.Operations, DiskFault.InputOutput);
                Assert.Throws<IOException>(file.Sync);
                file.Sync();
            }

            using var after = disk.Restart().Open("/f", DiskOpen.Read);
            var bytes = new byte[1];
            return after.Read(0, bytes) == 0 || bytes[0] == 0;
        });
    }

    [Fact]
    public void A_full_disk_refuses_until_space_is_freed()
    {
        using var file = _disk.Open("/root/f", DiskOpen.ReadWrite);
        _disk.FailAt(_disk.Operations, DiskFault.NoSpace, long.MaxValue);
        Assert.Contains("No space left", Assert.Throws<IOException>(() => file.Write(0, "x"u8)).Message, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => file.Write(0, "x"u8));
        _disk.Mend();
        file.Write(0, "x"u8);
    }

    private static byte[] Ruin(ulong seed)
    {
        var disk = new SimulatedDisk(seed);
        using (var file = disk.Open("/f", DiskOpen.ReadWrite))
        {
            disk.SyncDirectory("/");
            file.Write(0, Enumerable.Repeat((byte)3, 20_000).ToArray());
        }

        var bytes = new byte[20_000];
        var count = disk.Restart().Open("/f", DiskOpen.Read).Read(0, bytes);
        return bytes[..count];
    }
}
