using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Watching;

/// <summary>
/// Watches files with the kernel's inotify: one queue and one thread for all runs of a process, and watches on directories
/// only, those that hold a watched file or lead to one, so that files that are replaced by a rename, and directories that come
/// and go, are seen as well. Links are never followed.
/// </summary>
public sealed class FileWatch : IFileWatch, IDisposable
{
    /// <summary>The most directories that are watched at once; files beyond it are not watched.</summary>
    public const int MaxDirectories = 16_384;

    /// <summary>The reader rests so long after each batch: who changes files all the time costs a bounded share of one core.</summary>
    private const int RestMilliseconds = 2;

    private const int BufferBytes = 64 * 1024;
    private const int HeaderBytes = 16;
    private const uint Mask = WatchCalls.Modified | WatchCalls.Attributes | WatchCalls.Closed | WatchCalls.MovedFrom | WatchCalls.MovedTo | WatchCalls.Created
        | WatchCalls.Deleted | WatchCalls.SelfDeleted | WatchCalls.SelfMoved | WatchCalls.OnlyDirectory | WatchCalls.NoFollow;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, WatchedDirectory> _roots = new(StringComparer.Ordinal);
    private readonly Dictionary<int, WatchedDirectory> _watches = [];
    private readonly HashSet<WatchedFiles> _owners = [];
    private readonly HashSet<WatchedFiles> _told = [];
    private SafeFileHandle? _queue;
    private SafeFileHandle? _stop;
    private Thread? _thread;
    private int _directories;
    private bool _closed;

    /// <inheritdoc/>
    public IWatchedFiles Open(Action changed)
    {
        ArgumentNullException.ThrowIfNull(changed);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            Begin();
            var owner = new WatchedFiles(this, changed);
            _owners.Add(owner);
            return owner;
        }
    }

    /// <summary>Ends all watching.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            if (_stop is not null)
            {
                WatchCalls.Write(_stop, [1, 0, 0, 0, 0, 0, 0, 0], sizeof(long));
            }
        }

        _thread?.Join();
        _queue?.Dispose();
        _stop?.Dispose();
    }

    internal bool Add(WatchedFiles owner, WatchedPlace place)
    {
        var parts = place.Path.Split('/');
        if (Array.Exists(parts, p => p is "" or "." or ".."))
        {
            return false;
        }

        lock (_gate)
        {
            if (_closed || _queue is null || !_owners.Contains(owner))
            {
                return false;
            }

            if (!owner.Places.Add(place))
            {
                return true;
            }

            var at = Root(place.Root);
            var watched = Begin(at);
            for (var i = 0; i < parts.Length - 1; i++)
            {
                at = Child(at, parts[i]);
                watched = watched == Watching.Yes ? Begin(at) : watched;
            }

            if (!at.Files.TryGetValue(parts[^1], out var name))
            {
                at.Files[parts[^1]] = name = new WatchedName { Exists = Exists(at, parts[^1]) };
            }

            name.For.Add((owner, place));

            // What is not there yet is seen when it comes, if only its first directory is watched.
            return watched == Watching.Yes || (watched == Watching.Missing && Root(place.Root).Watch != WatchedDirectory.NotWatched);
        }
    }

    internal void Remove(WatchedFiles owner)
    {
        lock (_gate)
        {
            if (!_owners.Remove(owner))
            {
                return;
            }

            foreach (var place in owner.Places)
            {
                Forget(owner, Root(place.Root), place.Path.Split('/'), 0);
            }

            foreach (var root in owner.Places.Select(p => p.Root).Distinct(StringComparer.Ordinal))
            {
                var at = Root(root);
                if (at.Files.Count == 0 && at.Children.Count == 0)
                {
                    End(at);
                    _roots.Remove(root);
                    _directories--;
                }
            }

            owner.Places.Clear();
        }
    }

    private static bool Exists(WatchedDirectory directory, string name) => new FileInfo(Path.Combine(directory.Path, name)).Exists;

    /// <summary>Without a queue nothing can be watched, and every Add says so.</summary>
    private void Begin()
    {
        if (_queue is not null || WatchCalls.Begin(WatchCalls.CloseOnExec | WatchCalls.NonBlock) is var queue && queue < 0)
        {
            return;
        }

        var stop = WatchCalls.MakeSignal(0, WatchCalls.CloseOnExec);
        if (stop < 0)
        {
            new SafeFileHandle(queue, ownsHandle: true).Dispose();
            return;
        }

        (_queue, _stop) = (new(queue, ownsHandle: true), new(stop, ownsHandle: true));
        _thread = new Thread(Work) { IsBackground = true, Name = "cairn-watch" };
        _thread.Start();
    }

    private WatchedDirectory Root(string path)
    {
        if (!_roots.TryGetValue(path, out var root))
        {
            _roots[path] = root = new(path);
            _directories++;
        }

        return root;
    }

    private WatchedDirectory Child(WatchedDirectory parent, string name)
    {
        if (!parent.Children.TryGetValue(name, out var child))
        {
            parent.Children[name] = child = new(Path.Combine(parent.Path, name));
            _directories++;
        }

        return child;
    }

    private Watching Begin(WatchedDirectory directory)
    {
        if (directory.Watch != WatchedDirectory.NotWatched)
        {
            return Watching.Yes;
        }

        if (_watches.Count >= MaxDirectories || _directories > MaxDirectories)
        {
            return Watching.No;
        }

        var watch = WatchCalls.Add(_queue!, FileNames.Encode(directory.Path), Mask);
        if (watch < 0)
        {
            return Marshal.GetLastPInvokeError() == LinuxError.NotFound ? Watching.Missing : Watching.No;
        }

        // One directory under two names has one watch: the second name is not followed.
        if (!_watches.TryAdd(watch, directory))
        {
            return Watching.No;
        }

        directory.Watch = watch;
        return Watching.Yes;
    }

    private void End(WatchedDirectory directory)
    {
        if (directory.Watch != WatchedDirectory.NotWatched)
        {
            _watches.Remove(directory.Watch);
            WatchCalls.Remove(_queue!, directory.Watch);
            directory.Watch = WatchedDirectory.NotWatched;
        }
    }

    private void Forget(WatchedFiles owner, WatchedDirectory at, string[] parts, int depth)
    {
        if (depth == parts.Length - 1)
        {
            if (at.Files.TryGetValue(parts[^1], out var name) && name.For.RemoveAll(f => f.Owner == owner) >= 0 && name.For.Count == 0)
            {
                at.Files.Remove(parts[^1]);
            }
        }
        else if (at.Children.TryGetValue(parts[depth], out var child))
        {
            Forget(owner, child, parts, depth + 1);
            if (child.Files.Count == 0 && child.Children.Count == 0)
            {
                End(child);
                at.Children.Remove(parts[depth]);
                _directories--;
            }
        }
    }

    private void Work()
    {
        var buffer = new byte[BufferBytes];
        WatchCalls.Waited[] files =
        [
            new() { Descriptor = (int)_queue!.DangerousGetHandle(), Events = WatchCalls.Readable },
            new() { Descriptor = (int)_stop!.DangerousGetHandle(), Events = WatchCalls.Readable },
        ];
        while (true)
        {
            WatchCalls.Wait(files, 2, -1);
            List<WatchedFiles> told;
            lock (_gate)
            {
                if (_closed)
                {
                    return;
                }

                var read = WatchCalls.Read(_queue, buffer, buffer.Length);
                Happened(buffer.AsSpan(0, (int)Math.Max(0, read)));
                told = [.. _told];
                _told.Clear();
            }

            foreach (var owner in told)
            {
                owner.Tell();
            }

            WatchCalls.Wait([files[1]], 1, RestMilliseconds);
        }
    }

    private void Happened(ReadOnlySpan<byte> events)
    {
        while (events.Length >= HeaderBytes)
        {
            var watch = BinaryPrimitives.ReadInt32LittleEndian(events);
            var mask = BinaryPrimitives.ReadUInt32LittleEndian(events[4..]);
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(events[12..]);
            var name = events.Slice(HeaderBytes, length);
            var end = name.IndexOf((byte)0);
            Happened(watch, mask, FileNames.Decode(end < 0 ? name : name[..end]));
            events = events[(HeaderBytes + length)..];
        }
    }

    private void Happened(int watch, uint mask, string name)
    {
        if ((mask & WatchCalls.Overflow) != 0)
        {
            Lost();
            return;
        }

        if (!_watches.TryGetValue(watch, out var directory))
        {
            return;
        }

        if ((mask & WatchCalls.Gone) != 0)
        {
            _watches.Remove(watch);
            directory.Watch = WatchedDirectory.NotWatched;
            return;
        }

        if ((mask & (WatchCalls.SelfDeleted | WatchCalls.SelfMoved)) != 0)
        {
            Again(directory);
            return;
        }

        if (directory.Files.TryGetValue(name, out var file))
        {
            Changed(directory, name, file);
        }

        const uint ComesOrGoes = WatchCalls.MovedFrom | WatchCalls.MovedTo | WatchCalls.Created | WatchCalls.Deleted;
        if ((mask & ComesOrGoes) != 0 && directory.Children.TryGetValue(name, out var child))
        {
            Again(child);
        }
    }

    /// <summary>Another directory may be there now: what was watched is no longer this place's, and all below may have changed.</summary>
    private void Again(WatchedDirectory directory)
    {
        End(directory);
        Begin(directory);
        foreach (var (name, file) in directory.Files)
        {
            if (file.Exists || Exists(directory, name))
            {
                Changed(directory, name, file);
            }
        }

        foreach (var child in directory.Children.Values)
        {
            Again(child);
        }
    }

    private void Changed(WatchedDirectory directory, string name, WatchedName file)
    {
        file.Exists = Exists(directory, name);
        foreach (var (owner, place) in file.For)
        {
            owner.Note(place);
            _told.Add(owner);
        }
    }

    /// <summary>The queue overflowed: directories that came and went may have been missed as well.</summary>
    private void Lost()
    {
        foreach (var root in _roots.Values)
        {
            Again(root);
        }

        foreach (var owner in _owners)
        {
            owner.Note(null);
            _told.Add(owner);
        }
    }

    private enum Watching
    {
        Yes,
        Missing,
        No,
    }
}
