using Cairn.Storage;

namespace Cairn.Tests.Storage;

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
