using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sandbox.Sessions;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// The layers of an open workspace: the frozen ones below, the open one on top, and how that becomes a frozen one: by a rename at
/// rest, by a copy while somebody writes. Who calls sees to it that nobody else uses them meanwhile.
/// </summary>
internal sealed class RunLayers : IDisposable
{
    /// <summary>How often files that change while they are copied are tried again.</summary>
    private const int LiveAttempts = 4;

    private readonly WorkspacePlaces _places;
    private readonly LayerFiles _files;
    private readonly string _root;
    private StackView _stack;
    private ImmutableArray<LayerEdit>? _copied;
    private int _frozen;

    public RunLayers(WorkspacePlaces places, RunId run, string root, LayerId? top, LiveShells live)
    {
        (_places, _files, _root, Top) = (places, places.Files, root, top);
        Below = live.IsMounted ? live.Below : top;
        _stack = new(_files, places.Squash, root, Below, places.Depth);
        try
        {
            Open = live.IsMounted ? OpenLayer.Adopt(_files, run) : OpenLayer.Create(_files, run, Stack.Root().Stat);
            _copied = live.IsMounted && top is { } copy && _files.Meta(copy).Parent == Below ? _files.Meta(copy).Edits : null;
            View = WithOpen();
        }
        catch
        {
            _stack.Dispose();
            throw;
        }
    }

    /// <summary>The top frozen layer.</summary>
    public LayerId? Top { get; private set; }

    /// <summary>The layer that the open one stands on: below <see cref="Top"/> while that is a copy of the open one.</summary>
    public LayerId? Below { get; private set; }

    public OpenLayer Open { get; }

    /// <summary>All layers with the open one.</summary>
    public MergedView View { get; private set; }

    /// <summary>The frozen layers and the repository.</summary>
    public MergedView Stack => _stack.View;

    /// <summary>Freezes the open layer.</summary>
    /// <param name="id">The new layer.</param>
    /// <param name="isHeld">Shells have it mounted: then a copy is frozen.</param>
    /// <exception cref="WorkspaceException">When the disk does not let it.</exception>
    public LayerChanges? Freeze(LayerId id, bool isHeld)
    {
        if (isHeld)
        {
            return FreezeCopy(id);
        }

        try
        {
            var scan = new LayerScan(View, _files, _places.Blobs);
            var edits = scan.Run();
            if (edits.SequenceEqual(_copied ?? []))
            {
                return null;
            }

            using var birth = _files.Births.Bear(id);
            var meta = new LayerMeta(LayerMeta.CurrentVersion, id, Below, _root, edits);
            // All is written before the first sync, which then takes most of the rest along.
            MakeRoom(id);
            _files.Prepare(meta);
            scan.Sync(_files.Syncs, () => _files.SyncPrepared(id));
            var copied = _copied;
            Commit(meta);
            StoreSoon();
            return meta.ToChanges(copied);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotFreeze(id, e);
        }
    }

    /// <summary>Freezes a copy of the open layer while somebody changes it.</summary>
    /// <param name="id">The new layer.</param>
    /// <exception cref="WorkspaceException">When the disk does not let it, or what is copied changes too fast.</exception>
    public LayerChanges? FreezeCopy(LayerId id)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var edits = new LayerScan(View, _files, _places.Blobs).Run();
                if (edits.SequenceEqual(_copied ?? []))
                {
                    return null;
                }

                using var birth = _files.Births.Bear(id);
                return CommitCopy(new(LayerMeta.CurrentVersion, id, Below, _root, edits));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or WorkspaceException)
            {
                // A file that came or went between the look and the copy. What fails each time has another cause.
                if (attempt == LiveAttempts)
                {
                    throw e as WorkspaceException ?? CannotFreeze(id, e);
                }
            }
        }
    }

    /// <summary>Drops whatever is in the open layer.</summary>
    public void Discard()
    {
        Open.Clear(Stack.Root().Stat);
        View = WithOpen();
    }

    /// <summary>Has the layers stored that were not a batch yet.</summary>
    public void StoreRest()
    {
        if (_frozen > 0)
        {
            _places.Storing?.Add(Top!.Value);
        }
    }

    /// <summary>Somebody else has the open layer mounted, and keeps it when this is disposed.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Closes all; the open layer stays only for who holds it.</summary>
    public void Dispose()
    {
        if (IsHeld)
        {
            Open.Leave();
        }
        else
        {
            Open.Drop();
        }

        _stack.Dispose();
    }

    private void StoreSoon()
    {
        if (++_frozen >= LayerStoring.Batch)
        {
            _frozen = 0;
            _places.Storing?.Add(Top!.Value);
        }
    }

    /// <summary>
    /// While shells have the open layer mounted it cannot become a frozen one: a copy does, over the same layer as before it.
    /// What a program is just writing may be caught in the middle, as with a crash of the machine.
    /// </summary>
    private LayerChanges CommitCopy(LayerMeta meta)
    {
        MakeRoom(meta.Layer);
        TreeCopy.Copy(_files, Open.Mount, LayerFiles.LayerTree(meta.Layer));
        _files.Prepare(meta);
        _files.SyncPrepared(meta.Layer);
        _files.Commit(meta);
        var changes = meta.ToChanges(_copied);
        (Top, _copied) = (meta.Layer, meta.Edits);
        StoreSoon();
        return changes;
    }

    private void Commit(LayerMeta meta)
    {
        Open.MoveTo(LayerFiles.LayerTree(meta.Layer), View.Root().Stat).Dispose();
        _files.Commit(meta);
        (Top, Below, _copied) = (meta.Layer, meta.Layer, null);
        var old = _stack;
        _stack = new(_files, _places.Squash, _root, Top, _places.Depth);
        View = WithOpen();
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

    private MergedView WithOpen() => new(Stack.Levels.Insert(0, new(Open.Tree, Open.Mount)), _files.OpaqueAttribute);

    private static WorkspaceException CannotFreeze(LayerId id, Exception e) => new(FileProblem.Io, $"Layer '{id}' cannot be frozen: {e.Message}", e);
}
