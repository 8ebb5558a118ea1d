using Cairn.Storage;

namespace Cairn.Tests.Storage;

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
