using System.Runtime.InteropServices;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// The operations by which a merge changes anything, each of them one system call or a file's whole content.
/// <paramref name="before"/> is told of each before it is done: a test that throws there is a crash between two operations.
/// </summary>
internal sealed class MergeDisk(Action<string>? before)
{
    public void MakeDirectory(SafeFileHandle parent, byte[] name, string path)
    {
        before?.Invoke($"mkdir {path}");
        LinuxError.Check(LinuxCalls.MakeDirectory(parent, name, 0x1C0), "make", path);
    }

    public void MakeLink(byte[] target, SafeFileHandle parent, byte[] name, string path)
    {
        before?.Invoke($"symlink {path}");
        LinuxError.Check(LinuxCalls.MakeLink(target, parent, name), "make the link", path);
    }

    /// <summary>Makes a file; a crash in the middle leaves it empty.</summary>
    public void WriteFile(SafeFileHandle parent, byte[] name, byte[] content, string path)
    {
        before?.Invoke($"create {path}");
        var fd = LinuxCalls.OpenAt(parent, name, LinuxCalls.WriteOnly | LinuxCalls.Create | LinuxCalls.Exclusive | LinuxCalls.CloseOnExec, 0x180);
        if (fd < 0)
        {
            throw LinuxError.Last("write", path);
        }

        using var file = new SafeFileHandle(fd, true);
        before?.Invoke($"write {path}");
        FileContent.Write(file, content);
    }

    public void ChangeOwner(SafeFileHandle parent, byte[] name, uint uid, uint gid, string path)
    {
        before?.Invoke($"chown {path}");
        LinuxError.Check(LinuxCalls.ChangeOwner(parent, name, uid, gid, LinuxCalls.NoFollowFlag), "set the owner of", path);
    }

    /// <summary>Gives a file or directory exactly these extended attributes.</summary>
    public void SetAttributes(SafeFileHandle parent, byte[] name, byte[]? stored, string path)
    {
        before?.Invoke($"setxattr {path}");
        var fd = LinuxCalls.OpenAt(parent, name, LinuxCalls.ReadOnly | LinuxCalls.NoFollow | LinuxCalls.NonBlock | LinuxCalls.CloseOnExec, 0);
        using var entry = fd < 0 ? throw LinuxError.Last("open", path) : new SafeFileHandle(fd, true);
        UserAttributes.Set(entry, stored, path);
    }

    public void ChangeMode(SafeFileHandle parent, byte[] name, int mode, string path)
    {
        before?.Invoke($"chmod {path}");
        LinuxError.Check(LinuxCalls.ChangeMode(parent, name, (uint)mode, 0), "set the mode of", path);
    }

    public void ChangeMode(SafeFileHandle entry, int mode, string path)
    {
        before?.Invoke($"chmod {path}");
        LinuxError.Check(LinuxCalls.ChangeMode(entry, (uint)mode), "set the mode of", path);
    }

    public void Rename(SafeFileHandle from, byte[] name, SafeFileHandle to, byte[] newName, uint flags, string action, string path)
    {
        before?.Invoke($"rename {path}");
        LinuxError.Check(LinuxCalls.Rename(from, name, to, newName, flags), action, path);
    }

    /// <summary>False when something lies in it.</summary>
    public bool RemoveEmptyDirectory(SafeFileHandle parent, byte[] name, string path)
    {
        before?.Invoke($"rmdir {path}");
        if (LinuxCalls.Unlink(parent, name, LinuxCalls.RemoveDirectoryFlag) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        return error is LinuxError.NotEmpty or LinuxError.Exists ? false : throw LinuxError.From(error, "remove", path);
    }

    public void RemoveTree(DirectoryHandle under, string path) => TreeRemoval.Remove(under, path, before);

    public void SyncFilesystem(SafeFileHandle directory, string path)
    {
        before?.Invoke($"syncfs {path}");
        LinuxError.Check(LinuxCalls.SyncFilesystem(directory), "sync", path);
    }

    public void SyncDirectory(DirectoryHandle tree, string path)
    {
        before?.Invoke($"fsync {path}");
        tree.SyncDirectory(path);
    }
}
