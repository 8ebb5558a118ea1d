using System.Runtime.InteropServices;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// The one layer of a run that changes: `open/RUN/d`. What is written here by file tools has the form that overlayfs
/// gives an upper directory, so the next mount continues from it.
/// </summary>
internal sealed class OpenLayer : IDisposable
{
    private readonly LayerFiles _files;
    private readonly string _root;
    private int _temporary;
    private int _scratch;

    private OpenLayer(LayerFiles files, string root, DirectoryHandle tree) => (_files, _root, Tree) = (files, root, tree);

    public DirectoryHandle Tree { get; private set; }

    /// <summary>The name of the directory that holds its tree, relative to the state directory.</summary>
    public string Root => _root;

    /// <summary>Its tree's name relative to the state directory.</summary>
    public string Mount => _root + "/d";

    /// <summary>Drops what an earlier process left and starts empty, with the owner and mode of the workspace's root.</summary>
    public static OpenLayer Create(LayerFiles files, RunId run, FileStat root)
    {
        var name = LayerFiles.OpenRoot(run);
        files.Births.Open(name);
        TreeRemoval.Remove(files.State, name);
        Directory.CreateDirectory(Path.Combine(files.Path, name, "t"));
        return new(files, name, MakeTree(files, name + "/d", root));
    }

    /// <summary>Goes on with the layer that a run's shells have mounted.</summary>
    public static OpenLayer Adopt(LayerFiles files, RunId run)
    {
        var name = LayerFiles.OpenRoot(run);
        files.Births.Open(name);
        return new(files, name, files.OpenTree(name + "/d"));
    }

    /// <summary>Moves the tree to its place as a frozen layer and starts a new one. The handle that is given back is the caller's.</summary>
    public DirectoryHandle MoveTo(string tree, FileStat root)
    {
        Rename(Mount, tree);
        var frozen = Tree;
        Tree = MakeTree(_files, Mount, root);
        return frozen;
    }

    /// <summary>Empties the layer. The old tree is moved away first: it may be in use by a mount that is going away.</summary>
    public void Clear(FileStat root)
    {
        var dead = Scratch("dead");
        Rename(Mount, dead);
        Tree.Dispose();
        Tree = MakeTree(_files, Mount, root);
        TreeRemoval.Remove(_files.State, dead);
    }

    /// <summary>A fresh name beside the tree; an upper and work pair must never be used twice.</summary>
    public string Scratch(string prefix) => $"{_root}/{prefix}{Interlocked.Increment(ref _scratch)}";

    /// <summary>Replaces or creates a file. The directories above are copied up or made.</summary>
    public void Write(MergedView view, string path, ReadOnlySpan<byte> content, FileStat? existing)
    {
        var parent = FileNames.Parent(path);
        EnsureDirectory(view, parent);
        var above = Tree.Stat(parent) ?? throw LinuxError.From(LinuxError.NotFound, "write into", parent);
        var name = $"t/{++_temporary}";
        using var scratch = _files.OpenTree(_root);
        using var directory = Tree.OpenDirectory(parent);
        try
        {
            using (var file = File.OpenHandle(Path.Combine(_files.Path, _root, name), FileMode.Create, FileAccess.Write))
            {
                FileContent.Write(file, content);
                SetOwner(scratch.Handle, name, existing?.Uid ?? above.Uid, existing?.Gid ?? above.Gid);
                if (existing is not null && view.Find(path) is { } old && view.Attributes(old) is { } attributes)
                {
                    UserAttributes.Set(file, attributes, path);
                }

                LinuxError.Check(LinuxCalls.ChangeMode(file, (uint)(existing?.Mode ?? 0x1A4)), "set the mode of", path);
            }

            LinuxError.Check(
                LinuxCalls.Rename(scratch.Handle, FileNames.Encode(name), directory, FileNames.Encode(FileNames.Last(path)), 0), "write", path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TreeRemoval.Remove(scratch, name);
            throw new WorkspaceException(FileProblem.Io, $"Cannot write '{path}': {e.Message}", e);
        }
    }

    /// <summary>Takes a path out of the view, with all below it.</summary>
    public void Remove(MergedView view, string path)
    {
        TreeRemoval.Remove(Tree, path);
        if (view.Find(path) is null)
        {
            return;
        }

        const uint CharacterDevice = 0x2000;
        EnsureDirectory(view, FileNames.Parent(path));
        using var parent = Tree.OpenDirectory(FileNames.Parent(path));
        LinuxError.Check(LinuxCalls.MakeNode(parent, FileNames.Encode(FileNames.Last(path)), CharacterDevice, 0), "mark as deleted", path);
    }

    /// <summary>Makes a directory, or gives one that is there another mode and other attributes.</summary>
    public void MakeDirectory(MergedView view, string path, int mode, byte[]? attributes)
    {
        EnsureDirectory(view, path);
        Finish(path, mode, attributes);
    }

    /// <summary>Makes a link, in the place of what is no directory.</summary>
    public void MakeLink(MergedView view, string path, byte[] target)
    {
        var parent = FileNames.Parent(path);
        EnsureDirectory(view, parent);
        TreeRemoval.Remove(Tree, path);
        var above = Tree.Stat(parent)!.Value;
        using var directory = Tree.OpenDirectory(parent);
        LinuxError.Check(LinuxCalls.MakeLink([.. target, 0], directory, FileNames.Encode(FileNames.Last(path))), "make the link", path);
        SetOwner(directory, FileNames.Last(path), above.Uid, above.Gid);
    }

    /// <summary>Gives an entry of this layer its mode and attributes.</summary>
    public void Finish(string path, int mode, byte[]? attributes)
    {
        using var entry = Tree.TryOpen(path, LinuxCalls.ReadOnly | LinuxCalls.NoFollow | LinuxCalls.NonBlock)
            ?? throw LinuxError.From(LinuxError.NotFound, "open", path);
        UserAttributes.Set(entry, attributes, path);
        LinuxError.Check(LinuxCalls.ChangeMode(entry, (uint)mode), "set the mode of", path);
    }

    public void Dispose() => Tree.Dispose();

    /// <summary>Closes the layer and leaves it where it is: for whoever has it mounted.</summary>
    public void Leave()
    {
        Tree.Dispose();
        _files.Births.Close(_root);
    }

    /// <summary>Removes the layer with all that belongs to it.</summary>
    public void Drop()
    {
        Tree.Dispose();
        TreeRemoval.Remove(_files.State, _root);
        _files.Births.Close(_root);
    }

    private void EnsureDirectory(MergedView view, string path)
    {
        for (var at = 0; path.Length > 0 && at >= 0;)
        {
            at = path.IndexOf('/', at + 1);
            EnsureOne(view, at < 0 ? path : path[..at]);
        }
    }

    private void EnsureOne(MergedView view, string path)
    {
        var own = Tree.Stat(path);
        if (own is { Kind: EntryKind.Directory })
        {
            return;
        }

        var merged = view.Find(path);
        var above = Tree.Stat(FileNames.Parent(path))!.Value;
        using var parent = Tree.OpenDirectory(FileNames.Parent(path));
        var raw = FileNames.Encode(FileNames.Last(path));
        var covers = own is { IsWhiteout: true };
        if (covers)
        {
            LinuxError.Check(LinuxCalls.Unlink(parent, raw, 0), "replace", path);
        }

        LinuxError.Check(LinuxCalls.MakeDirectory(parent, raw, 0x1C0), "make the directory", path);
        using var made = Tree.OpenDirectory(path);
        if (covers)
        {
            // What was deleted must not shine through the new directory of the same name.
            LinuxError.Check(LinuxCalls.SetAttribute(made, FileNames.Encode(_files.OpaqueAttribute), "y"u8.ToArray(), 1, 0), "mark", path);
        }

        if (merged is not null && view.Attributes(merged) is { } attributes)
        {
            UserAttributes.Set(made, attributes, path);
        }

        SetOwner(parent, FileNames.Last(path), merged?.Stat.Uid ?? above.Uid, merged?.Stat.Gid ?? above.Gid);
        LinuxError.Check(LinuxCalls.ChangeMode(made, (uint)(merged?.Stat.Mode ?? 0x1ED)), "set the mode of", path);
    }

    private void SetOwner(SafeFileHandle directory, string name, uint uid, uint gid)
    {
        if (_files.IsRoot)
        {
            LinuxError.Check(LinuxCalls.ChangeOwner(directory, FileNames.Encode(name), uid, gid, LinuxCalls.NoFollowFlag), "set the owner of", name);
        }
    }

    private void Rename(string from, string to) => LinuxError.Check(
        LinuxCalls.Rename(_files.State.Handle, FileNames.Encode(from), _files.State.Handle, FileNames.Encode(to), LinuxCalls.RenameNoReplace), "move", from);

    private static DirectoryHandle MakeTree(LayerFiles files, string name, FileStat root)
    {
        var raw = FileNames.Encode(name);
        if (LinuxCalls.MakeDirectory(files.State.Handle, raw, 0x1C0) != 0 && Marshal.GetLastPInvokeError() != LinuxError.Exists)
        {
            throw LinuxError.Last("make the open layer", name);
        }

        if (files.IsRoot)
        {
            LinuxError.Check(LinuxCalls.ChangeOwner(files.State.Handle, raw, root.Uid, root.Gid, 0), "set the owner of", name);
        }

        LinuxError.Check(LinuxCalls.ChangeMode(files.State.Handle, raw, (uint)root.Mode, 0), "set the mode of", name);
        return files.OpenTree(name);
    }
}
