using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Cairn.Host;

/// <summary>
/// Tells what changed in a repository since it was last asked, by the kernel's inotify. Events are there when the write that
/// they tell of returns, so whoever asks after a write learns of it. Used by one thread at a time.
/// </summary>
internal sealed class RepositoryWatch : IDisposable
{
    /// <summary>The most folders that are watched.</summary>
    public const int MaxFolders = 40_000;

    private const uint Changes = 0x2 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x0100_0000 | 0x0200_0000 | 0x0400_0000;
    private const uint Overflow = 0x4000;
    private const uint Ignored = 0x8000;
    private const uint IsFolder = 0x4000_0000;
    private const int HeaderSize = 16;

    private readonly string _root;
    private readonly Dictionary<int, string> _folders = [];
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _watch;

    private RepositoryWatch(string root, int watch) => (_root, _watch) = (root, watch);

    /// <summary>Begins to watch; null where that is not to be had.</summary>
    public static RepositoryWatch? TryOpen(string root)
    {
        const int nonBlockingCloseOnExec = 0x800 | 0x80000;
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var watch = inotify_init1(nonBlockingCloseOnExec);
        return watch < 0 ? null : new(root, watch);
    }

    /// <summary>Watches a folder too.</summary>
    /// <returns>False when no more can be watched.</returns>
    public bool Add(string folder)
    {
        if (_folders.Count >= MaxFolders)
        {
            return false;
        }

        var path = Encoding.UTF8.GetBytes(folder.Length == 0 ? _root + "\0" : $"{_root}/{folder}\0");
        var number = inotify_add_watch(_watch, path, Changes);
        if (number >= 0)
        {
            _folders[number] = folder;
        }

        // A folder that is gone already needs no watching.
        return number >= 0 || Marshal.GetLastPInvokeError() is 2 or 20;
    }

    /// <summary>Takes what changed since the last time.</summary>
    /// <param name="files">Gets the paths of files.</param>
    /// <param name="folders">Gets the folders that came, went or moved.</param>
    /// <returns>False when events were lost: everything is to be looked at.</returns>
    public bool Take(ISet<string> files, ISet<string> folders)
    {
        var isWhole = true;
        while (true)
        {
            var count = (int)read(_watch, _buffer, _buffer.Length);
            if (count <= 0)
            {
                return isWhole;
            }

            for (var at = 0; at + HeaderSize <= count;)
            {
                var mask = BinaryPrimitives.ReadUInt32LittleEndian(_buffer.AsSpan(at + 4));
                var length = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(at + 12));
                var number = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(at));
                isWhole &= (mask & Overflow) == 0;
                if ((mask & Ignored) != 0)
                {
                    _folders.Remove(number);
                }
                else if (_folders.TryGetValue(number, out var folder) && length > 0)
                {
                    var name = Encoding.UTF8.GetString(_buffer.AsSpan(at + HeaderSize, length)).TrimEnd('\0');
                    ((mask & IsFolder) != 0 ? folders : files).Add(folder.Length == 0 ? name : $"{folder}/{name}");
                }

                at += HeaderSize + length;
            }
        }
    }

    public void Dispose()
    {
        if (_watch >= 0)
        {
            _ = close(_watch);
            _watch = -1;
        }
    }

#pragma warning disable SYSLIB1054, CA5392 // The generated form needs unsafe code, which this project does without.
    [DllImport("libc", SetLastError = true)]
    private static extern int inotify_init1(int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int inotify_add_watch(int watch, byte[] path, uint mask);

    [DllImport("libc", SetLastError = true)]
    private static extern nint read(int file, byte[] buffer, nint count);

    [DllImport("libc", SetLastError = true)]
    private static extern int close(int file);
#pragma warning restore SYSLIB1054, CA5392
}
