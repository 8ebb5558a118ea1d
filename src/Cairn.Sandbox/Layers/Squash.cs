using System.Collections.Immutable;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Folds a stack of frozen layers into one tree of the same form, out of hard links. It is derived data: the stack's
/// identity is still its top layer, and the tree may be deleted and made again at any time.
/// </summary>
internal sealed class Squash(LayerFiles files)
{
    private const string Prefix = "squash/";
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _used = new(StringComparer.Ordinal);

    /// <summary>Held while a tree is made.</summary>
    public Lock Gate => _gate;

    /// <summary>
    /// The trees of a stack from the top down, squashed where it is deeper than <paramref name="depth"/>. They stay until
    /// they are given back.
    /// </summary>
    public ImmutableArray<string> Rent(LayerId? top, int depth)
    {
        lock (_gate)
        {
            var trees = Collect(top, out var count);
            if (count > depth)
            {
                Make(trees, LayerFiles.SquashTree(top!.Value));
                if (trees[^1].StartsWith(Prefix, StringComparison.Ordinal))
                {
                    Pack(LayerId.Parse(trees[^1][Prefix.Length..]), depth);
                }

                trees = Collect(top, out _);
                Thin(top.Value, depth);
            }

            foreach (var tree in trees)
            {
                _used[tree] = _used.GetValueOrDefault(tree) + 1;
            }

            return trees;
        }
    }

    /// <summary>Gives trees back.</summary>
    public void Return(ImmutableArray<string> trees)
    {
        lock (_gate)
        {
            foreach (var tree in trees.Where(tree => --_used[tree] == 0))
            {
                _used.Remove(tree);
            }
        }
    }

    /// <summary>A view of this process stands on the tree; ask while the gate is held.</summary>
    public bool IsUsed(string tree) => _used.ContainsKey(tree);

    /// <summary>
    /// A squashed tree holds a directory for each one below it, so a long run would collect many. The two youngest stay; of
    /// those further down a packed layer's goes, for packs give it back, and the others are kept at distances that double.
    /// </summary>
    private void Thin(LayerId top, int depth)
    {
        var there = files.State.Names("squash").ToHashSet(StringComparer.Ordinal);
        var distance = 0;
        var found = new List<(LayerId Layer, int Reach)>();
        foreach (var meta in files.Chain(top))
        {
            if (there.Contains(meta.Layer.Value))
            {
                found.Add((meta.Layer, int.Log2((distance / depth) + 1)));
            }

            distance++;
        }

        var near = found.GroupBy(squashed => squashed.Reach).SelectMany(reach => reach.SkipLast(1)).Select(squashed => squashed.Layer);
        foreach (var layer in near.Concat(found.Skip(2).Select(squashed => squashed.Layer).Where(files.IsPacked)).Where(layer => layer != top).Distinct().ToList())
        {
            Drop(LayerFiles.SquashTree(layer), $"dead/squash-{layer}");
        }
    }

    private void Drop(string tree, string dead)
    {
        if (IsUsed(tree))
        {
            return;
        }

        try
        {
            TreeRemoval.Remove(files.State, dead);
            LinuxError.Check(
                LinuxCalls.Rename(files.State.Handle, FileNames.Encode(tree), files.State.Handle, FileNames.Encode(dead), LinuxCalls.RenameNoReplace), "remove", tree);
            TreeRemoval.Remove(files.State, dead);
        }
        catch (WorkspaceException)
        {
            // It only takes space; a collection sweeps it.
        }
    }

    private ImmutableArray<string> Collect(LayerId? top, out int count)
    {
        var trees = ImmutableArray.CreateBuilder<string>();
        foreach (var meta in files.Chain(top))
        {
            var squashed = LayerFiles.SquashTree(meta.Layer);
            if (files.State.StatOwn(squashed) is { Kind: EntryKind.Directory })
            {
                trees.Add(squashed);
                break;
            }

            if (files.IsPacked(meta.Layer))
            {
                Unpack(meta.Layer);
                trees.Add(squashed);
                break;
            }

            trees.Add(LayerFiles.LayerTree(meta.Layer));
        }

        count = trees.Count;
        return trees.ToImmutable();
    }

    /// <summary>
    /// Layers under a squashed tree that another one now stands on are looked at again only by a rollback: their directories
    /// go, from the given one down to those that went already. Those that are not stored yet are stored now, if nobody else is storing.
    /// </summary>
    private void Pack(LayerId from, int depth)
    {
        const int MaxLooked = 4;
        try
        {
            var cold = files.Chain(from).Take(MaxLooked * depth).TakeWhile(meta => files.HasDirectory(meta.Layer)).ToList();
            _ = files.Archive.TryStore(cold, CancellationToken.None);
            foreach (var meta in cold.Where(meta => !IsUsed(LayerFiles.LayerTree(meta.Layer))))
            {
                files.DropDirectory(meta.Layer);
            }
        }
        catch (Exception e) when (e is WorkspaceException or IOException or InvalidDataException)
        {
            // It saves space, no more: a full disk, or a layer that a collection takes away meanwhile, is no reason to fail.
        }
    }

    /// <summary>Makes the squashed tree of a stack whose top is packed.</summary>
    private void Unpack(LayerId top)
    {
        var packed = new List<LayerId>();
        LayerId? rest = null;
        foreach (var meta in files.Chain(top))
        {
            rest = meta.Layer;
            if (!files.IsPacked(meta.Layer) || (packed.Count > 0 && files.State.Stat(LayerFiles.SquashTree(meta.Layer)) is not null))
            {
                break;
            }

            packed.Add(meta.Layer);
            rest = null;
        }

        packed.Reverse();
        var net = new PackedTree(files);
        foreach (var layer in packed)
        {
            net.Add(files.Archive.Layer(layer), files.Catalog.PackOf(layer)!.Value);
        }

        // First: below an unpacked layer there may be packed ones again, which come through here themselves.
        var below = rest is null ? [] : Collect(rest, out _);
        const string Temporary = "squash/+packed";
        TreeRemoval.Remove(files.State, Temporary);
        net.Write(Temporary);
        Make([Temporary, .. below], LayerFiles.SquashTree(top));
        TreeRemoval.Remove(files.State, Temporary);
    }

    private void Make(ImmutableArray<string> trees, string target)
    {
        if (files.State.Stat(target) is not null)
        {
            return;
        }

        // Built beside its name and renamed when durable: a crash leaves a "+" name that the next attempt removes.
        var temporary = target.Replace("squash/", "squash/+", StringComparison.Ordinal);
        TreeRemoval.Remove(files.State, temporary);
        var levels = trees.Select(t => files.OpenTree(t)).ToList();
        try
        {
            LinuxError.Check(LinuxCalls.MakeDirectory(files.State.Handle, FileNames.Encode(temporary), 0x1C0), "make", temporary);
            using (var made = files.OpenTree(temporary))
            {
                Fold(levels, "", [.. Enumerable.Range(0, levels.Count)], made);
                LinuxError.Check(LinuxCalls.SyncFilesystem(made.Handle), "sync", temporary);
            }

            LinuxError.Check(
                LinuxCalls.Rename(files.State.Handle, FileNames.Encode(temporary), files.State.Handle, FileNames.Encode(target), LinuxCalls.RenameNoReplace),
                "move",
                temporary);
        }
        finally
        {
            levels.ForEach(l => l.Dispose());
        }
    }

    /// <summary>Folds one directory; <paramref name="active"/> are the levels that make it up, from the top.</summary>
    private void Fold(List<DirectoryHandle> levels, string path, ImmutableArray<int> active, DirectoryHandle target)
    {
        using var to = target.OpenDirectory(path);
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var level in active)
        {
            using var from = levels[level].OpenDirectory(path);
            foreach (var name in levels[level].Names(path).Where(done.Add))
            {
                var child = FileNames.Join(path, name);
                if (levels[level].Stat(child) is { Kind: EntryKind.Directory } directory)
                {
                    FoldDirectory(levels, child, [.. active.Where(l => l >= level)], to, target);
                }
                else
                {
                    var raw = FileNames.Encode(name);
                    LinuxError.Check(LinuxCalls.HardLink(from, raw, to, raw, 0), "link", child);
                }
            }
        }

        CopyAttributes(levels[active[0]], to, target, path);
    }

    private void FoldDirectory(List<DirectoryHandle> levels, string path, ImmutableArray<int> candidates, SafeFileHandle parent, DirectoryHandle target)
    {
        var active = ImmutableArray.CreateBuilder<int>();
        var hides = false;
        foreach (var level in candidates)
        {
            if (levels[level].Stat(path) is not { } stat)
            {
                continue;
            }

            if (stat.Kind != EntryKind.Directory)
            {
                hides = true;
                break;
            }

            active.Add(level);
            if (levels[level].IsOpaque(path, files.OpaqueAttribute))
            {
                hides = true;
                break;
            }
        }

        LinuxError.Check(LinuxCalls.MakeDirectory(parent, FileNames.Encode(FileNames.Last(path)), 0x1C0), "make", path);
        if (hides)
        {
            using var made = target.OpenDirectory(path);
            LinuxError.Check(LinuxCalls.SetAttribute(made, FileNames.Encode(files.OpaqueAttribute), "y"u8.ToArray(), 1, 0), "mark", path);
        }

        Fold(levels, path, active.ToImmutable(), target);
    }

    private void CopyAttributes(DirectoryHandle from, SafeFileHandle made, DirectoryHandle target, string path)
    {
        var stat = from.Stat(path)!.Value;
        using (var source = from.OpenDirectory(path))
        {
            UserAttributes.Copy(source, made, path);
        }

        if (files.IsRoot)
        {
            var name = FileNames.Encode(path.Length == 0 ? "." : path);
            LinuxError.Check(LinuxCalls.ChangeOwner(target.Handle, name, stat.Uid, stat.Gid, LinuxCalls.NoFollowFlag), "set the owner of", path);
        }

        LinuxError.Check(LinuxCalls.ChangeMode(made, (uint)stat.Mode), "set the mode of", path);
    }
}
