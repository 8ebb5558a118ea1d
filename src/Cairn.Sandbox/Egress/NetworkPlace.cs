using Cairn.Abstractions;
using Cairn.Sandbox.Layers;

namespace Cairn.Sandbox.Egress;

/// <summary>
/// The directory of a run's sockets. A lock says that it is in use: what a process that was killed left behind is removed by
/// the next one that makes such a directory.
/// </summary>
internal sealed class NetworkPlace : IDisposable
{
    private const string Prefix = "cairn-net-";
    private const string LockName = "lock";
    private const int MaxSwept = 64;

    private readonly FileStream _lock;

    private NetworkPlace(string directory, FileStream held) => (Directory, _lock) = (directory, held);

    public string Directory { get; }

    /// <summary>Makes a directory below another one, after it removed those that nobody holds any more.</summary>
    public static NetworkPlace Make(string parent)
    {
        Sweep(parent);

        // It gets its name when it is locked: before that the sweep of another process would take it for a dead one.
        var made = System.IO.Directory.CreateTempSubdirectory("cairn-new-").FullName;
        var held = new FileStream(Path.Combine(made, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        LetPass(made);
        var directory = Path.Combine(parent, Prefix + Path.GetFileName(made)["cairn-new-".Length..]);
        System.IO.Directory.Move(made, directory);
        return new(directory, held);
    }

    /// <summary>Others pass through a directory to what they own, and see nothing.</summary>
    public static void LetPass(string directory)
    {
        const uint Passable = 0x1C9;
        using var handle = DirectoryHandle.Open(directory);
        LinuxError.Check(LinuxCalls.ChangeMode(handle.Handle, Passable), "let others through", directory);
    }

    public void Dispose()
    {
        System.IO.Directory.Delete(Directory, recursive: true);
        _lock.Dispose();
    }

    private static void Sweep(string parent)
    {
        foreach (var directory in System.IO.Directory.EnumerateDirectories(parent, Prefix + "*").Take(MaxSwept))
        {
            try
            {
                // Only what is our own: in a directory of somebody else, links could lead anywhere.
                if (new DirectoryInfo(directory).LinkTarget is null && IsOurs(directory))
                {
                    Remove(directory);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or WorkspaceException)
            {
                // In use, or gone just now.
            }
        }
    }

    private static void Remove(string directory)
    {
        using var held = new FileStream(Path.Combine(directory, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        System.IO.Directory.Delete(directory, recursive: true);
    }

    private static bool IsOurs(string directory)
    {
        using var parent = DirectoryHandle.Open(Path.GetDirectoryName(directory)!);
        return parent.Stat(Path.GetFileName(directory)) is { Kind: EntryKind.Directory } found && found.Uid == LinuxCalls.EffectiveUser();
    }
}
