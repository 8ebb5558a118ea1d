using Cairn.Abstractions;
using Cairn.Sandbox.Layers;

namespace Cairn.Sandbox.Sessions;

/// <summary>Writes files of a workspace that shells hold, the way one of their programs would: through the mount.</summary>
internal static class MountedFile
{
    private static int _number;

    /// <summary>Replaces or creates a file atomically. Missing directories are made; no link on the way is followed.</summary>
    /// <param name="root">The workspace as the sandbox has it, as a path of this machine.</param>
    /// <param name="path">The file.</param>
    /// <param name="content">The new bytes.</param>
    /// <param name="existing">What is there; null for a new file.</param>
    /// <param name="isRoot">Owners can be set.</param>
    public static void Write(string root, string path, ReadOnlySpan<byte> content, FileStat? existing, bool isRoot)
    {
        try
        {
            using var tree = DirectoryHandle.Open(root);
            var directory = FileNames.Parent(path);
            MakeDirectories(tree, directory, isRoot);
            using var parent = tree.OpenDirectory(directory);
            var above = DirectoryHandle.StatOf(parent, directory);
            var name = FileNames.Encode($".cairn-{Environment.ProcessId}-{Interlocked.Increment(ref _number)}");
            using var file = new Microsoft.Win32.SafeHandles.SafeFileHandle(LinuxCalls.OpenAt(parent, name, Create, 0x180), true);
            if (file.IsInvalid)
            {
                throw LinuxError.Last("write", path);
            }

            FileContent.Write(file, content);
            if (isRoot)
            {
                LinuxError.Check(LinuxCalls.ChangeOwner(parent, name, existing?.Uid ?? above.Uid, existing?.Gid ?? above.Gid, LinuxCalls.NoFollowFlag), "set the owner of", path);
            }

            LinuxError.Check(LinuxCalls.ChangeMode(file, (uint)(existing?.Mode ?? 0x1A4)), "set the mode of", path);
            using (var old = existing is null ? null : tree.TryOpen(path, LinuxCalls.ReadOnly | LinuxCalls.NoFollow | LinuxCalls.NonBlock))
            {
                if (old is not null)
                {
                    UserAttributes.Copy(old, file, path);
                }
            }

            LinuxError.Check(LinuxCalls.Rename(parent, name, parent, FileNames.Encode(FileNames.Last(path)), 0), "write", path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WorkspaceException(FileProblem.Io, $"Cannot write '{path}': {e.Message}", e);
        }
    }

    // O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_CLOEXEC: a name that is there already is never written to.
    private const int Create = 0x1 | 0x40 | 0x80 | 0x20000 | 0x80000;

    private static void MakeDirectories(DirectoryHandle tree, string path, bool isRoot)
    {
        if (path.Length == 0 || tree.Stat(path) is { Kind: EntryKind.Directory })
        {
            return;
        }

        MakeDirectories(tree, FileNames.Parent(path), isRoot);
        using var parent = tree.OpenDirectory(FileNames.Parent(path));
        var name = FileNames.Encode(FileNames.Last(path));
        LinuxError.Check(LinuxCalls.MakeDirectory(parent, name, 0x1ED), "make the directory", path);
        if (isRoot)
        {
            var above = DirectoryHandle.StatOf(parent, path);
            LinuxError.Check(LinuxCalls.ChangeOwner(parent, name, above.Uid, above.Gid, LinuxCalls.NoFollowFlag), "set the owner of", path);
        }
    }
}
