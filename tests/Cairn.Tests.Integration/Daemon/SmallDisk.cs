using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.Daemon;

/// <summary>A file system of 16 MB that can be filled to the last byte.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    public static async Task<SmallDisk> MountAsync(CancellationToken cancellationToken)
    {
        var path = Directory.CreateTempSubdirectory("cairn-disk-").FullName;
        (await HostProcess.RunAsync(path, new Dictionary<string, string>(), cancellationToken, "mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs", path)).OrThrow("mount");
        return new(path);
    }

    public void Fill()
    {
        using var file = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var size = 1 << 20;
        while (size > 0)
        {
            try
            {
                file.Write(new byte[size]);
                file.Flush();
            }
            catch (IOException)
            {
                size /= 2;
            }
        }
    }

    public void Free() => File.Delete(Ballast);

    public void Dispose()
    {
        using var process = System.Diagnostics.Process.Start("umount", ["-l", Path]);
        process.WaitForExit();
        Directory.Delete(Path);
    }
}
