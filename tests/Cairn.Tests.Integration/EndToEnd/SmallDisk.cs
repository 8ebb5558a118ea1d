using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>A file system of a few megabytes that can be filled up; for root only.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private static readonly Dictionary<string, string> None = [];

    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    public static async Task<SmallDisk> MountAsync(string root, string size)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a file system takes root.");
        var path = Directory.CreateDirectory(System.IO.Path.Combine(root, "disk")).FullName;
        (await HostProcess.RunAsync(root, None, TestContext.Current.CancellationToken, "mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", path)).OrThrow("mount");
        return new SmallDisk(path);
    }

    /// <summary>Uses up all room but so many bytes.</summary>
    public void Fill(int leave)
    {
        using var file = File.OpenWrite(Ballast);
        var block = new byte[4096];
        for (var left = new DriveInfo(Path).AvailableFreeSpace - leave; left > 0; left -= block.Length)
        {
            try
            {
                file.Write(block);
                file.Flush();
            }
            catch (IOException)
            {
                return;
            }
        }
    }

    public void Free() => File.Delete(Ballast);

    public async ValueTask DisposeAsync() =>
        await HostProcess.RunAsync("/", None, CancellationToken.None, "umount", "-l", Path);
}
