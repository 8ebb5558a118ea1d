using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// The C library's calls that .NET has no safe form of: relative to a directory handle, on names that are bytes. A
/// name array ends with a NUL. x64 and arm64 only differ in the two flags below.
/// </summary>
internal static partial class LinuxCalls
{
    public const int ReadOnly = 0, WriteOnly = 1, Create = 0x40, Exclusive = 0x80, NonBlock = 0x800, CloseOnExec = 0x80000, PathOnly = 0x200000;
    public const int CurrentDirectory = -100, RemoveDirectoryFlag = 0x200, NoFollowFlag = 0x100, EmptyPath = 0x1000;
    public const ulong ResolveBeneath = 0x08, ResolveNoSymlinks = 0x04, ResolveNoMagicLinks = 0x02;
    public const uint RenameNoReplace = 1, RenameExchange = 2;
    private const string Libc = "libc";

    public static readonly int Directory = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;
    public static readonly int NoFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    [StructLayout(LayoutKind.Sequential)]
    public struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct StatX
    {
        [FieldOffset(16)] public uint Links;
        [FieldOffset(20)] public uint Uid;
        [FieldOffset(24)] public uint Gid;
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Size;
        [FieldOffset(48)] public ulong Blocks;
        [FieldOffset(96)] public long ChangedSeconds;
        [FieldOffset(104)] public uint ChangedNanoseconds;
        [FieldOffset(112)] public long ModifiedSeconds;
        [FieldOffset(120)] public uint ModifiedNanoseconds;
        [FieldOffset(128)] public uint DeviceTypeMajor;
        [FieldOffset(132)] public uint DeviceTypeMinor;
        [FieldOffset(136)] public uint DeviceMajor;
        [FieldOffset(140)] public uint DeviceMinor;
    }

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint OpenAt2(nint number, SafeHandle directory, byte[] path, ref OpenHow how, nint size);

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint CloseRange(nint number, uint first, uint last, uint flags);

    [LibraryImport(Libc, EntryPoint = "open", SetLastError = true)]
    public static partial int Open(byte[] path, int flags, uint mode);

    [LibraryImport(Libc, EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(SafeFileHandle directory, byte[] path, int flags, uint mode);

    [LibraryImport(Libc, EntryPoint = "statx", SetLastError = true)]
    public static partial int Stat(SafeFileHandle directory, byte[] path, int flags, uint mask, out StatX result);

    [LibraryImport(Libc, EntryPoint = "readlinkat", SetLastError = true)]
    public static partial nint ReadLink(SafeFileHandle directory, byte[] path, byte[] buffer, nint size);

    [LibraryImport(Libc, EntryPoint = "getdents64", SetLastError = true)]
    public static partial nint GetEntries(SafeFileHandle directory, byte[] buffer, nint size);

    [LibraryImport(Libc, EntryPoint = "mkdirat", SetLastError = true)]
    public static partial int MakeDirectory(SafeFileHandle directory, byte[] path, uint mode);

    [LibraryImport(Libc, EntryPoint = "mknodat", SetLastError = true)]
    public static partial int MakeNode(SafeFileHandle directory, byte[] path, uint mode, ulong device);

    [LibraryImport(Libc, EntryPoint = "symlinkat", SetLastError = true)]
    public static partial int MakeLink(byte[] target, SafeFileHandle directory, byte[] path);

    [LibraryImport(Libc, EntryPoint = "linkat", SetLastError = true)]
    public static partial int HardLink(SafeFileHandle from, byte[] fromPath, SafeFileHandle to, byte[] toPath, int flags);

    [LibraryImport(Libc, EntryPoint = "renameat2", SetLastError = true)]
    public static partial int Rename(SafeFileHandle from, byte[] fromPath, SafeFileHandle to, byte[] toPath, uint flags);

    [LibraryImport(Libc, EntryPoint = "unlinkat", SetLastError = true)]
    public static partial int Unlink(SafeFileHandle directory, byte[] path, int flags);

    [LibraryImport(Libc, EntryPoint = "fchmodat", SetLastError = true)]
    public static partial int ChangeMode(SafeFileHandle directory, byte[] path, uint mode, int flags);

    [LibraryImport(Libc, EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(SafeFileHandle file, uint mode);

    [LibraryImport(Libc, EntryPoint = "fchownat", SetLastError = true)]
    public static partial int ChangeOwner(SafeFileHandle directory, byte[] path, uint uid, uint gid, int flags);

    [LibraryImport(Libc, EntryPoint = "faccessat", SetLastError = true)]
    public static partial int Access(SafeFileHandle directory, byte[] path, int mode, int flags);

    [LibraryImport(Libc, EntryPoint = "fgetxattr", SetLastError = true)]
    public static partial nint GetAttribute(SafeFileHandle file, byte[] name, byte[] value, nint size);

    [LibraryImport(Libc, EntryPoint = "fsetxattr", SetLastError = true)]
    public static partial int SetAttribute(SafeFileHandle file, byte[] name, byte[] value, nint size, int flags);

    [LibraryImport(Libc, EntryPoint = "flistxattr", SetLastError = true)]
    public static partial nint ListAttributes(SafeFileHandle file, byte[] names, nint size);

    [LibraryImport(Libc, EntryPoint = "fremovexattr", SetLastError = true)]
    public static partial int RemoveAttribute(SafeFileHandle file, byte[] name);

    /// <summary>Last access and last change, each as seconds and nanoseconds.</summary>
    [LibraryImport(Libc, EntryPoint = "utimensat", SetLastError = true)]
    public static partial int SetTimes(SafeFileHandle directory, byte[] path, long[] times, int flags);

    [LibraryImport(Libc, EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(SafeFileHandle file);

    /// <summary>For <see cref="SyncRange"/>: write, and do not wait.</summary>
    public const uint BeginWriting = 2;

    [LibraryImport(Libc, EntryPoint = "sync_file_range", SetLastError = true)]
    public static partial int SyncRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport(Libc, EntryPoint = "syncfs", SetLastError = true)]
    public static partial int SyncFilesystem(SafeFileHandle file);

    [LibraryImport(Libc, EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport(Libc, EntryPoint = "getegid")]
    public static partial uint EffectiveGroup();

    /// <summary>With 0 and 0: of the calling thread alone.</summary>
    [LibraryImport(Libc, EntryPoint = "setpriority", SetLastError = true)]
    public static partial int SetPriority(int which, uint who, int priority);

    [LibraryImport(Libc, EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);
}
