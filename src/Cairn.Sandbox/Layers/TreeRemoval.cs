using System.Runtime.InteropServices;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>Removes directory trees whose names may be any bytes and whose directories may have no permission bits.</summary>
internal static class TreeRemoval
{
    /// <summary>Removes a tree or a file; no error when there is none.</summary>
    public static void Remove(DirectoryHandle under, string path) => Remove(under, path, null);

    /// <summary>Likewise; <paramref name="before"/> is told of each removal before it is done.</summary>
    public static void Remove(DirectoryHandle under, string path, Action<string>? before)
    {
        using var parent = under.TryOpen(FileNames.Parent(path), LinuxCalls.ReadOnly | LinuxCalls.Directory);
        if (parent is not null)
        {
            RemoveEntry(parent, FileNames.Last(path), before);
        }
    }

    private static void RemoveEntry(SafeFileHandle parent, string name, Action<string>? before)
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

        using (var directory = OpenToRemove(parent, raw, name))
        {
            foreach (var child in DirectoryHandle.Names(directory, name))
            {
                RemoveEntry(directory, child, before);
            }
        }

        before?.Invoke($"rmdir {name}");
        LinuxError.Check(LinuxCalls.Unlink(parent, raw, LinuxCalls.RemoveDirectoryFlag), "remove", name);
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
}
