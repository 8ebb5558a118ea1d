using System.Text;

namespace Cairn.Storage;

/// <summary>
/// The machine's own disk (Linux). Files are synced with fdatasync, directories with fsync, locks are flock's: a lock
/// file that a dead process left behind is no obstacle. New directories are readable by their owner only.
/// </summary>
public sealed class PosixDisk : IDisk
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <inheritdoc/>
    public IDiskFile Open(string path, DiskOpen mode) => new PosixFile(path, PosixCalls.Open(path, mode));

    /// <inheritdoc/>
    public bool Exists(string path) => File.Exists(path);

    /// <inheritdoc/>
    public void CreateDirectory(string path) => Guard(() =>
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("Cairn's disk needs Linux.");
        }

        Directory.CreateDirectory(path, Private);
    });

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string path)
    {
        if (!Directory.Exists(path))
        {
            return [];
        }

        var names = Directory.GetFiles(path).Select(file => Path.GetFileName(file)).ToArray();
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    /// <inheritdoc/>
    public void Rename(string from, string to) => Guard(() => File.Move(from, to, overwrite: true));

    /// <inheritdoc/>
    public void Delete(string path) => Guard(() =>
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
        }
    });

    /// <inheritdoc/>
    public void SyncDirectory(string path) => PosixCalls.SyncDirectory(path);

    /// <inheritdoc/>
    public IDisposable? TryLock(string path)
    {
        var handle = PosixCalls.Open(path, DiskOpen.ReadWrite);
        try
        {
            if (!PosixCalls.TryLock(handle, path))
            {
                handle.Dispose();
                return null;
            }

            // For people and for the message that the next one gets; the lock itself is the flock.
            RandomAccess.SetLength(handle, 0);
            RandomAccess.Write(handle, Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"), 0);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    // The port promises IOException; .NET throws another type for EACCES and EROFS.
    private static void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
