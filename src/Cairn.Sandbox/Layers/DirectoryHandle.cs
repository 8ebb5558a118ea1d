using System.Runtime.InteropServices;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// A directory tree held by a handle. Every path is relative, its parts are never followed when they are links, and
/// the kernel refuses to leave the tree (openat2 RESOLVE_BENEATH), so a link that is swapped in between cannot escape.
/// </summary>
internal sealed class DirectoryHandle : IDisposable
{
    private const nint OpenAt2Number = 437;
    internal const uint BasicMask = 0x7ff;
    private static readonly byte[] Empty = [0];
    private readonly SafeFileHandle _root;

    private DirectoryHandle(SafeFileHandle root, string name) => (_root, Name) = (root, name);

    /// <summary>Where it was opened, for messages.</summary>
    public string Name { get; }

    public SafeFileHandle Handle => _root;

    public static DirectoryHandle Open(string path)
    {
        var fd = LinuxCalls.Open(FileNames.Encode(path), LinuxCalls.ReadOnly | LinuxCalls.Directory | LinuxCalls.CloseOnExec, 0);
        return fd < 0 ? throw LinuxError.Last("open the directory", path) : new(new SafeFileHandle(fd, true), path);
    }

    public void Dispose() => _root.Dispose();

    /// <summary>Opens an entry; null when there is none.</summary>
    public SafeFileHandle? TryOpen(string path, int flags)
    {
        var how = new LinuxCalls.OpenHow
        {
            Flags = (ulong)(uint)(flags | LinuxCalls.CloseOnExec),
            Resolve = LinuxCalls.ResolveBeneath | LinuxCalls.ResolveNoSymlinks | LinuxCalls.ResolveNoMagicLinks,
        };
        var fd = LinuxCalls.OpenAt2(OpenAt2Number, _root, FileNames.Encode(path.Length == 0 ? "." : path), ref how, 24);
        if (fd >= 0)
        {
            return new SafeFileHandle(fd, true);
        }

        var error = Marshal.GetLastPInvokeError();
        return error is LinuxError.NotFound or LinuxError.NotDirectory or LinuxError.NameTooLong ? null : throw LinuxError.From(error, "open", path);
    }

    public SafeFileHandle OpenDirectory(string path) =>
        TryOpen(path, LinuxCalls.ReadOnly | LinuxCalls.Directory) ?? throw LinuxError.From(LinuxError.NotFound, "open the directory", path);

    /// <summary>Opens a regular file for reading; a pipe or a device in its place does not block.</summary>
    public SafeFileHandle OpenFile(string path, out FileStat stat)
    {
        var file = TryOpen(path, LinuxCalls.ReadOnly | LinuxCalls.NoFollow | LinuxCalls.NonBlock) ?? throw LinuxError.From(LinuxError.NotFound, "open", path);
        stat = StatOf(file, path);
        if (stat.Kind != EntryKind.File)
        {
            file.Dispose();
            throw new WorkspaceException(FileProblem.WrongKind, $"'{path}' is no regular file.");
        }

        return file;
    }

    /// <summary>False when the permission bits forbid reading.</summary>
    public bool IsReadable(string path)
    {
        const int Read = 4;
        using var parent = OpenDirectory(FileNames.Parent(path));
        return LinuxCalls.Access(parent, FileNames.Encode(FileNames.Last(path)), Read, LinuxCalls.RemoveDirectoryFlag | LinuxCalls.NoFollowFlag) == 0
            || Marshal.GetLastPInvokeError() != LinuxError.Access;
    }

    /// <summary>Sets the mode of a file of an own tree.</summary>
    public void SetMode(string path, int mode)
    {
        using var parent = OpenDirectory(FileNames.Parent(path));
        LinuxError.Check(LinuxCalls.ChangeMode(parent, FileNames.Encode(FileNames.Last(path)), (uint)mode, 0), "set the mode of", path);
    }

    public FileStat? Stat(string path)
    {
        using var entry = TryOpen(path, LinuxCalls.PathOnly | LinuxCalls.NoFollow);
        return entry is null ? null : StatOf(entry, path);
    }

    public string ReadLink(string path)
    {
        using var entry = TryOpen(path, LinuxCalls.PathOnly | LinuxCalls.NoFollow) ?? throw LinuxError.From(LinuxError.NotFound, "read the link", path);
        var buffer = new byte[4096];
        var length = LinuxCalls.ReadLink(entry, Empty, buffer, buffer.Length);
        return length < 0 ? throw LinuxError.Last("read the link", path) : FileNames.Decode(buffer.AsSpan(0, (int)length));
    }

    /// <summary>The names in a directory, in no order, without "." and "..".</summary>
    public List<string> Names(string path)
    {
        using var directory = OpenDirectory(path);
        return Names(directory, path);
    }

    public static List<string> Names(SafeFileHandle directory, string path)
    {
        var names = new List<string>();
        var buffer = new byte[32 * 1024];
        nint length;
        while ((length = LinuxCalls.GetEntries(directory, buffer, buffer.Length)) > 0)
        {
            // struct linux_dirent64: inode 8, offset 8, record length 2, type 1, then the name up to a NUL.
            for (var at = 0; at < length; at += MemoryMarshal.Read<ushort>(buffer.AsSpan(at + 16)))
            {
                var name = buffer.AsSpan(at + 19);
                name = name[..name.IndexOf((byte)0)];
                if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                {
                    names.Add(FileNames.Decode(name));
                }
            }
        }

        return length < 0 ? throw LinuxError.Last("list", path) : names;
    }

    /// <summary>True when overlayfs marked the directory as hiding what lies below it.</summary>
    public bool IsOpaque(string path, string attribute)
    {
        using var directory = TryOpen(path, LinuxCalls.ReadOnly | LinuxCalls.Directory);
        var value = new byte[4];
        return directory is not null
            && LinuxCalls.GetAttribute(directory, FileNames.Encode(attribute), value, value.Length) == 1 && value[0] == 'y';
    }

    public static FileStat StatOf(SafeFileHandle entry, string path) =>
        LinuxCalls.Stat(entry, Empty, LinuxCalls.EmptyPath | LinuxCalls.NoFollowFlag, BasicMask, out var s) == 0
            ? FileStat.From(s)
            : throw LinuxError.Last("look at", path);

    /// <summary>Makes the names in a directory durable.</summary>
    public void SyncDirectory(string path)
    {
        using var directory = OpenDirectory(path);
        LinuxError.Check(LinuxCalls.Sync(directory), "sync", path);
    }
}
