using System.Runtime.InteropServices;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>Removes directory trees whose names may be any bytes and whose directories may have no permission bits.</summary>
internal static class TreeRemoval
{
    private const int MaxDepth = 128;

    /// <summary>Removes a tree or a file; no error when there is none.</summary>
    public static void Remove(DirectoryHandle under, string path) => Remove(under, path, null);

    /// <summary>Likewise; <paramref name="before"/> is told of each removal before it is done.</summary>
    public static void Remove(DirectoryHandle under, string path, Action<string>? before)
    {
        using var parent = under.TryOpen(FileNames.Parent(path), LinuxCalls.ReadOnly | LinuxCalls.Directory);
        if (parent is not null)
        {
            RemoveEntry(parent, FileNames.Last(path), null, before);
        }
    }

    private static void RemoveEntry(SafeFileHandle parent, string name, Deep? deep, Action<string>? before)
    {
        before?.Invoke($"unlink {name}");
        var raw = FileNames.Encode(name);
        if (LinuxCalls.Unlink(parent, raw, 0) == 0)
        {
            return;
        }

        var error = Marshal.GetLastPInvokeError();
        if (error == LinuxError.NotFound)
        {
            return;
        }

        if (error is not (LinuxError.IsDirectory or LinuxError.NotPermitted))
        {
            throw LinuxError.From(error, "remove", name);
        }

        if (deep is { Depth: MaxDepth })
        {
            deep.MoveUp(parent, raw, name, before);
            return;
        }

        using (var directory = OpenToRemove(parent, raw, name))
        {
            RemoveChildren(directory, name, deep, before);
        }

        before?.Invoke($"rmdir {name}");
        LinuxError.Check(LinuxCalls.Unlink(parent, raw, LinuxCalls.RemoveDirectoryFlag), "remove", name);
    }

    private static void RemoveChildren(SafeFileHandle directory, string name, Deep? deep, Action<string>? before)
    {
        var top = deep is null ? new Deep(directory) : null;
        var below = deep ?? top!;
        below.Depth++;
        foreach (var child in DirectoryHandle.Names(directory, name))
        {
            RemoveEntry(directory, child, below, before);
        }

        while (top is not null && top.Moved.TryDequeue(out var moved))
        {
            RemoveEntry(directory, moved, below, before);
        }

        below.Depth--;
    }

    private static SafeFileHandle OpenToRemove(SafeFileHandle parent, byte[] raw, string name)
    {
        var flags = LinuxCalls.ReadOnly | LinuxCalls.Directory | LinuxCalls.NoFollow | LinuxCalls.CloseOnExec;
        var fd = LinuxCalls.OpenAt(parent, raw, flags, 0);
        if (fd >= 0 && LinuxCalls.EffectiveUser() == 0)
        {
            return new SafeFileHandle(fd, true);
        }

        if (fd < 0)
        {
            // An ordinary user's own directory without permission bits, such as overlayfs' work directory.
            LinuxCalls.ChangeMode(parent, raw, 0x1C0, 0);
            fd = LinuxCalls.OpenAt(parent, raw, flags, 0);
        }

        if (fd < 0)
        {
            throw LinuxError.Last("remove", name);
        }

        var directory = new SafeFileHandle(fd, true);
        LinuxCalls.ChangeMode(directory, 0x1C0);
        return directory;
    }

    /// <summary>
    /// A hostile tree nests deeper than this process has stack or descriptors. What lies too deep is moved up into the top
    /// directory and removed from there; its own depths come up the same way.
    /// </summary>
    private sealed class Deep(SafeFileHandle top)
    {
        public int Depth { get; set; }

        public Queue<string> Moved { get; } = new();

        public void MoveUp(SafeFileHandle parent, byte[] raw, string name, Action<string>? before)
        {
            var moved = "deep+" + Guid.NewGuid().ToString("N");
            before?.Invoke($"rename {name}");
            LinuxError.Check(LinuxCalls.Rename(parent, raw, top, FileNames.Encode(moved), LinuxCalls.RenameNoReplace), "remove", name);
            Moved.Enqueue(moved);
        }
    }
}
