using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Storage;

/// <summary>The few calls of the C library that .NET does not offer: data sync, directory sync, advisory locks.</summary>
internal static partial class PosixCalls
{
    private const int ReadOnlyDirectoryCloseOnExec = 0x80000 | DirectoryFlag;
    private const int LockExclusiveNonBlocking = 2 | 4;
    private const int Interrupted = 4;
    private const int WouldBlock = 11;

    // O_DIRECTORY is one of the few flags that differ between Linux' architectures.
    private static readonly int DirectoryOnArm = 0x4000;
    private const int DirectoryFlag = 0x10000;

    /// <summary>
    /// Opens a file; a new one is readable by its owner only. Not by File.OpenHandle, which takes a shared flock on whatever
    /// it opens and so would stand in the way of our own.
    /// </summary>
    public static SafeFileHandle Open(string path, DiskOpen mode)
    {
        const int readWrite = 2, create = 0x40, exclusive = 0x80, closeOnExec = 0x80000, ownerOnly = 0x180, noSuchFile = 2;
        var flags = closeOnExec | mode switch
        {
            DiskOpen.Read => 0,
            DiskOpen.ReadWrite => readWrite | create,
            _ => readWrite | create | exclusive,
        };
        var fd = open(path, flags, ownerOnly);
        if (fd < 0 && Marshal.GetLastPInvokeError() == noSuchFile)
        {
            throw new FileNotFoundException($"Could not find file '{path}'.", path);
        }

        Check(fd, "open", path);
        return new(fd, ownsHandle: true);
    }

    public static void DataSync(SafeHandle file, string path)
    {
        int result;
        do
        {
            result = fdatasync(file);
        }
        while (result != 0 && Marshal.GetLastPInvokeError() == Interrupted);

        // Never repeated after a real error: the kernel marks the pages clean, so a second call would lie.
        Check(result, "fdatasync", path);
    }

    public static void SyncDirectory(string path)
    {
        var flags = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm
            ? 0x80000 | DirectoryOnArm
            : ReadOnlyDirectoryCloseOnExec;
        var fd = open(path, flags, 0);
        Check(fd, "open", path);
        try
        {
            Check(fsync(fd), "fsync", path);
        }
        finally
        {
            _ = close(fd);
        }
    }

    public static bool TryLock(SafeHandle file, string path)
    {
        if (flock(file, LockExclusiveNonBlocking) == 0)
        {
            return true;
        }

        if (Marshal.GetLastPInvokeError() != WouldBlock)
        {
            Check(-1, "flock", path);
        }

        return false;
    }

    private static void Check(int result, string call, string path)
    {
        if (result >= 0)
        {
            return;
        }

        var error = Marshal.GetLastPInvokeError();
        throw new IOException($"{call} of {path} failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).", error);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeHandle fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(SafeHandle fd, int operation);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc")]
    private static partial int close(int fd);
}
