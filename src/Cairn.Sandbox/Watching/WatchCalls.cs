using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Watching;

/// <summary>The C library's calls for watching directories.</summary>
internal static partial class WatchCalls
{
    public const int CloseOnExec = 0x80000, NonBlock = 0x800;
    public const uint Modified = 0x2, Attributes = 0x4, Closed = 0x8, MovedFrom = 0x40, MovedTo = 0x80, Created = 0x100, Deleted = 0x200, SelfDeleted = 0x400, SelfMoved = 0x800;
    public const uint Overflow = 0x4000, Gone = 0x8000, OnlyDirectory = 0x01000000, NoFollow = 0x02000000;
    public const short Readable = 1;
    private const string Libc = "libc";

    /// <summary>A file descriptor that is waited for.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Waited
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }

    [LibraryImport(Libc, EntryPoint = "inotify_init1", SetLastError = true)]
    public static partial int Begin(int flags);

    [LibraryImport(Libc, EntryPoint = "inotify_add_watch", SetLastError = true)]
    public static partial int Add(SafeFileHandle queue, byte[] path, uint mask);

    [LibraryImport(Libc, EntryPoint = "inotify_rm_watch", SetLastError = true)]
    public static partial int Remove(SafeFileHandle queue, int watch);

    [LibraryImport(Libc, EntryPoint = "eventfd", SetLastError = true)]
    public static partial int MakeSignal(uint value, int flags);

    [LibraryImport(Libc, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeFileHandle file, byte[] buffer, nint size);

    [LibraryImport(Libc, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, byte[] buffer, nint size);

    [LibraryImport(Libc, EntryPoint = "poll", SetLastError = true)]
    public static partial int Wait([In, Out] Waited[] files, nuint count, int milliseconds);
}
