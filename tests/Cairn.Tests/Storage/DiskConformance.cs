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
