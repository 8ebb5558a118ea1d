using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Writes the new states of a merge into a directory beside the repository's files and syncs them, so that putting each in
/// its place is one rename. What may be cut short has another name until all of it is durable.
/// </summary>
internal sealed class MergeStaging(MergedView view, DirectoryHandle tree, MergeDisk disk, Func<BlobHash, byte[]> content, bool hasAttributes)
{
    /// <param name="path">The directory, of the repository's file system; an attempt that a crash cut off may have left it.</param>
    /// <param name="steps">Whose new states it shall hold.</param>
    public void Stage(string path, IReadOnlyList<MergeStep> steps)
    {
        if (tree.Stat(path) is not { Kind: EntryKind.Directory })
        {
            disk.MakeDirectory(tree.Handle, FileNames.Encode(path), path);
        }

        using var staging = tree.OpenDirectory(path);
        foreach (var step in steps)
        {
            StageOne(staging, step);
        }

        disk.SyncFilesystem(staging, path);

        // Only now: a name can be durable before the bytes behind it, and what lies under a whole name counts as whole.
        foreach (var step in steps)
        {
            disk.Rename(staging, Partial(step), staging, FileNames.Encode(step.Staged), LinuxCalls.RenameNoReplace, "write", step.Change.Path);
        }
    }

    private void StageOne(SafeFileHandle staging, MergeStep step)
    {
        var (path, name) = (step.Change.Path, Partial(step));
        switch (step.Change.Kind)
        {
            case EntryKind.Directory:
                disk.MakeDirectory(staging, name, path);
                break;
            case EntryKind.Link:
                disk.MakeLink([.. content(step.Change.After), 0], staging, name, path);
                break;
            default:
                disk.WriteFile(staging, name, content(step.Change.After), path);
                break;
        }

        if (hasAttributes && step.Change.AfterAttributes is { } attributes)
        {
            disk.SetAttributes(staging, name, content(attributes), path);
        }

        if (LinuxCalls.EffectiveUser() == 0)
        {
            var (uid, gid) = step.Now is { } now ? (now.Uid, now.Gid) : OwnerAbove(path);
            disk.ChangeOwner(staging, name, uid, gid, path);
        }

        if (step.Change.Kind != EntryKind.Link)
        {
            disk.ChangeMode(staging, name, step.Change.AfterMode, path);
        }
    }

    /// <summary>The name of what is not known to be whole.</summary>
    private static byte[] Partial(MergeStep step) => FileNames.Encode("+" + step.Staged);

    private (uint Uid, uint Gid) OwnerAbove(string path)
    {
        while (true)
        {
            path = FileNames.Parent(path);
            if (view.Find(path) is { Stat: var stat })
            {
                return (stat.Uid, stat.Gid);
            }
        }
    }
}
