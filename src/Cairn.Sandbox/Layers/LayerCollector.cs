using System.Diagnostics;
using Cairn.Abstractions;
using Cairn.Sandbox.Limits;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// One collection of layers. What goes is renamed into `dead/` first: at once and as a whole it is no layer any more, and
/// a process that is killed while it deletes leaves only things that the next collection sweeps.
/// </summary>
internal sealed class LayerCollector(
    LayerFiles files, Squash squash, TimeSpan grace, bool dryRun, IProgress<string>? progress, CancellationToken cancellationToken)
{
    private readonly long _since = Stopwatch.GetTimestamp() - (long)(grace.TotalSeconds * Stopwatch.Frequency);
    private int _layers;
    private int _squashes;
    private int _leftOvers;
    private int _named;
    private long _bytes;

    public LayersReclaimed Run(Func<IEnumerable<LayerId>> reachable)
    {
        foreach (var name in files.State.Names("dead"))
        {
            Bury($"dead/{name}");
        }

        // Listed first: a layer that comes to be after this is not looked at.
        var listed = files.Named().ToList();
        var live = Live(reachable());
        var parents = new Dictionary<LayerId, LayerId?>();
        foreach (var id in listed.Where(id => !live.Contains(id)))
        {
            parents[id] = Parent(id);
        }

        // The young ones stand on their parents too.
        lock (files.Births.Gate)
        {
            AddStacks(listed.Where(id => files.Births.IsYoung(id, _since)), live);
        }

        Squashes(live);
        var going = parents.Keys.Where(id => !live.Contains(id)).OrderByDescending(id => Depth(id, parents)).ToList();
        Unlist(going);
        foreach (var id in going)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Layer(id);
        }

        Open();
        return new(_layers, _squashes, _leftOvers, _bytes, [.. listed.Where(id => live.Contains(id) && files.Exists(id))]);
    }

    private HashSet<LayerId> Live(IEnumerable<LayerId> tops)
    {
        var live = new HashSet<LayerId>();
        AddStacks(tops, live);
        return live;
    }

    private void AddStacks(IEnumerable<LayerId> tops, HashSet<LayerId> live)
    {
        foreach (var top in tops)
        {
            for (LayerId? at = top; at is { } id && live.Add(id);)
            {
                at = Parent(id);
            }
        }
    }

    private LayerId? Parent(LayerId id) => files.Exists(id) ? files.Meta(id).Parent : null;

    // Those that stand on others go first, so that a layer that is there always has its parent.
    private static int Depth(LayerId id, Dictionary<LayerId, LayerId?> parents)
    {
        var depth = 0;
        for (LayerId? at = id; at is { } here && parents.TryGetValue(here, out var parent) && depth <= parents.Count; at = parent)
        {
            depth++;
        }

        return depth;
    }

    /// <summary>Takes them out of the list of stored layers, at once: what is there as a directory still has its parents.</summary>
    private void Unlist(List<LayerId> going)
    {
        lock (files.Births.Gate)
        {
            var old = going.Where(id => !files.Births.IsYoung(id, _since)).ToList();
            foreach (var id in old.Where(files.IsPacked))
            {
                _layers++;
                files.Lost(id);
            }

            if (!dryRun)
            {
                files.Catalog.Drop(old);
            }
        }
    }

    private void Layer(LayerId id)
    {
        var path = $"layers/{id}";
        var whole = files.HasDirectory(id);
        if (!Remove(path, () => files.Births.IsYoung(id, _since), () => files.Lost(id)))
        {
            return;
        }

        _layers += whole ? 1 : 0;
        _leftOvers += whole ? 0 : 1;
        progress?.Report($"layer {_layers}");
    }

    private void Squashes(HashSet<LayerId> live)
    {
        foreach (var name in files.State.Names("squash"))
        {
            cancellationToken.ThrowIfCancellationRequested();
            lock (squash.Gate)
            {
                if ((name.StartsWith('+') || !live.Contains(LayerId.Parse(name))) && Remove($"squash/{name}", () => squash.IsUsed($"squash/{name}"), () => { }))
                {
                    _squashes++;
                }
            }
        }
    }

    private void Open()
    {
        foreach (var name in files.State.Names("open"))
        {
            var root = $"open/{name}";
            // Shells may hold the layer of a run that nobody drives. Once it is gone, nobody looks for its commands again.
            var isInUse = () => files.Births.IsOpen(root) || files.State.Stat($"shells/{name}.sock") is not null;
            if (Remove(root, isInUse, () => CgroupTree.Current.KillLeftovers(files.Owner, RunId.Parse(name))))
            {
                _leftOvers++;
            }
        }
    }

    private bool Remove(string path, Func<bool> inUse, Action gone)
    {
        string dead;
        lock (files.Births.Gate)
        {
            if (inUse() || files.State.Stat(path) is null)
            {
                return false;
            }

            if (dryRun)
            {
                _bytes += Usage(files.State, path);
                return true;
            }

            dead = $"dead/{_named++}";
            LinuxError.Check(
                LinuxCalls.Rename(files.State.Handle, FileNames.Encode(path), files.State.Handle, FileNames.Encode(dead), LinuxCalls.RenameNoReplace), "remove", path);
            gone();
        }

        Bury(dead);
        return true;
    }

    private void Bury(string dead)
    {
        _bytes += Usage(files.State, dead);
        if (!dryRun)
        {
            TreeRemoval.Remove(files.State, dead);
        }
    }

    /// <summary>Disk space that goes when a tree does.</summary>
    private static long Usage(DirectoryHandle under, string path)
    {
        const int BlockBytes = 512;
        const uint BasicMask = 0x7ff;
        using var entry = under.TryOpen(path, LinuxCalls.PathOnly | LinuxCalls.NoFollow);
        if (entry is null || LinuxCalls.Stat(entry, [0], LinuxCalls.EmptyPath | LinuxCalls.NoFollowFlag, BasicMask, out var stat) != 0)
        {
            return 0;
        }

        var isDirectory = FileStat.From(stat).Kind == EntryKind.Directory;
        var bytes = isDirectory || stat.Links == 1 ? (long)stat.Blocks * BlockBytes : 0;
        return isDirectory ? bytes + Names(under, path).Sum(name => Usage(under, FileNames.Join(path, name))) : bytes;
    }

    private static List<string> Names(DirectoryHandle under, string path)
    {
        using SafeFileHandle? directory = under.TryOpen(path, LinuxCalls.ReadOnly | LinuxCalls.Directory);
        return directory is null ? [] : DirectoryHandle.Names(directory, path);
    }
}
