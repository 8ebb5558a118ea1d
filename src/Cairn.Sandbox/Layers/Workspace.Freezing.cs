using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>How the open layer becomes a frozen one: by a rename at rest, by a copy while somebody writes.</summary>
internal sealed partial class Workspace
{
    /// <summary>How often files that change while they are copied are tried again.</summary>
    private const int LiveAttempts = 4;

    public LayerChanges? Freeze(LayerId id)
    {
        using var idle = EnterIdle();
        try
        {
            var scan = new LayerScan(_view, _files.OpaqueAttribute, _blobs);
            var edits = scan.Run();
            if (edits.SequenceEqual(_copied ?? []))
            {
                return null;
            }

            using var birth = _files.Births.Bear(id);
            var meta = new LayerMeta(LayerMeta.CurrentVersion, id, _below, Root, edits);
            if (_shells.IsMounted)
            {
                return CommitCopy(meta);
            }

            // All is written before the first sync, which then takes most of the rest along.
            MakeRoom(id);
            _files.Prepare(meta);
            scan.Sync();
            _files.SyncPrepared(id);
            Commit(meta);
            StoreSoon();
            return meta.ToChanges();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WorkspaceException(FileProblem.Io, $"Layer '{id}' cannot be frozen: {e.Message}", e);
        }
    }

    public LayerChanges? FreezeLive(LayerId id)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                lock (_gate)
                {
                    var edits = new LayerScan(_view, _files.OpaqueAttribute, _blobs).Run();
                    if (edits.SequenceEqual(_copied ?? []))
                    {
                        return null;
                    }

                    using var birth = _files.Births.Bear(id);
                    var meta = new LayerMeta(LayerMeta.CurrentVersion, id, _below, Root, edits);
                    return CommitCopy(meta);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or WorkspaceException && attempt < LiveAttempts)
            {
                // A file that came or went between the look and the copy.
            }
        }
    }

    private void StoreSoon()
    {
        if (++_frozen >= LayerStoring.Batch)
        {
            _frozen = 0;
            _storing?.Add(Top!.Value);
        }
    }

    /// <summary>
    /// While shells have the open layer mounted it cannot become a frozen one: a copy does, over the same layer as before it.
    /// What a program is just writing may be caught in the middle, as with a crash of the machine.
    /// </summary>
    private LayerChanges CommitCopy(LayerMeta meta)
    {
        MakeRoom(meta.Layer);
        TreeCopy.Copy(_files, _open.Mount, LayerFiles.LayerTree(meta.Layer));
        _files.Prepare(meta);
        _files.SyncPrepared(meta.Layer);
        _files.Commit(meta);
        (Top, _copied) = (meta.Layer, meta.Edits);
        StoreSoon();
        return meta.ToChanges();
    }

    private void Commit(LayerMeta meta)
    {
        _open.MoveTo(LayerFiles.LayerTree(meta.Layer), _view.Root().Stat).Dispose();
        _files.Commit(meta);
        (Top, _below, _copied) = (meta.Layer, meta.Layer, null);
        var old = _stack;
        _stack = new(_files, _squash, Root, Top, _depth);
        _view = WithOpen();
        old.Dispose();
    }

    /// <summary>
    /// Clears the way for a layer's id: a tree without meta.json is what a crash left; a layer that nothing stands on
    /// is from a freeze whose journal record was lost, and the same step is being done again.
    /// </summary>
    private void MakeRoom(LayerId id)
    {
        var directory = FileNames.Parent(LayerFiles.LayerTree(id));
        if (_files.Exists(id))
        {
            if (_files.Chain(Top).Any(m => m.Layer == id) || _files.All().Any(l => _files.Meta(l).Parent == id))
            {
                throw new InvalidOperationException($"Layer '{id}' exists and others stand on it.");
            }

            _files.Forget(id);
            TreeRemoval.Remove(_files.State, LayerFiles.SquashTree(id));
        }

        TreeRemoval.Remove(_files.State, directory);
        Directory.CreateDirectory(Path.Combine(_files.Path, directory));
    }
}
