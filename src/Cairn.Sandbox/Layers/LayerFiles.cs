using System.Collections.Concurrent;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// The state directory's layout: `layers/ID/d` and `layers/ID/meta.json` (frozen; of what is in the body store the directory
/// may be gone), `open/RUN/` (one run's open layer and its scratch), `squash/ID` (derived, may be deleted at any time), `dead/` (on its way out: nothing in it counts), `stage/` (mount points, always empty here).
/// </summary>
internal sealed class LayerFiles : IDisposable
{
    private const long MaxMetaBytes = 1L << 30;

    /// <summary>The most changed paths that the descriptions kept in memory hold together: some 100 MB.</summary>
    private const long MaxKeptEdits = 200_000;

    private readonly ConcurrentDictionary<LayerId, LayerMeta> _metas = new();
    private readonly long _maxKept;
    private long _kept;
    private long _number;

    /// <param name="state">The state directory.</param>
    /// <param name="maxKept">The most changed paths, and layers, that are kept in memory.</param>
    /// <param name="blobs">Holds stored layers; null for none.</param>
    /// <param name="flush">Makes bodies durable.</param>
    public LayerFiles(string state, long maxKept = MaxKeptEdits, IBlobStore? blobs = null, Action? flush = null)
    {
        _maxKept = maxKept;
        Path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(state));
        foreach (var name in (string[])["layers", "open", "squash", "dead", "stage/repo", "stage/over", "stage/root"])
        {
            Directory.CreateDirectory(System.IO.Path.Combine(Path, name));
        }

        State = DirectoryHandle.Open(Path);
        foreach (var name in (string[])["layers", "open", "squash", "dead"])
        {
            // What a command made, set-uid files included, is for nobody else on this machine.
            LinuxError.Check(LinuxCalls.ChangeMode(State.Handle, FileNames.Encode(name), 0x1C0, 0), "close to others", name);
        }

        Catalog = new(Path);
        Archive = new(this, blobs ?? NoBodies.Instance, flush ?? (() => { }));
        IsRoot = LinuxCalls.EffectiveUser() == 0;
    }

    /// <summary>Absolute path of the state directory.</summary>
    public string Path { get; }

    /// <summary>A short name for this state directory, for things that live outside it.</summary>
    public string Owner => BlobHash.OfText(Path).Short;

    public DirectoryHandle State { get; }

    /// <summary>Which layers are in the body store.</summary>
    public LayerCatalog Catalog { get; }

    /// <summary>The layers in the body store.</summary>
    public LayerArchive Archive { get; }

    /// <summary>What this process made a short while ago, or has open.</summary>
    public LayerBirths Births { get; } = new();

    /// <summary>Root mounts with trusted attributes; an ordinary user needs the user ones.</summary>
    public bool IsRoot { get; }

    public string OpaqueAttribute => IsRoot ? "trusted.overlay.opaque" : "user.overlay.opaque";

    /// <summary>Makes things durable.</summary>
    public ParallelSync Syncs { get; } = new();

    /// <summary>A number that was not given before.</summary>
    public long NextNumber() => Interlocked.Increment(ref _number);

    public void Dispose()
    {
        Syncs.Dispose();
        State.Dispose();
    }

    public static string LayerTree(LayerId id) => $"layers/{Checked(id.Value)}/d";

    public static string OpenRoot(RunId run) => $"open/{Checked(run.Value)}";

    public static string SquashTree(LayerId id) => $"squash/{Checked(id.Value)}";

    public DirectoryHandle OpenTree(string relative) => DirectoryHandle.Open(System.IO.Path.Combine(Path, relative));

    /// <exception cref="WorkspaceException">When there is no such layer, or it is damaged or of a newer version.</exception>
    public LayerMeta Meta(LayerId id) => _metas.TryGetValue(id, out var known) ? known : Keep(Load(id));

    /// <summary>What a layer's description says of a path that the layer changed; null when it says nothing of it, or the tree is no layer's.</summary>
    /// <param name="mount">The tree, relative to the state directory.</param>
    /// <param name="path">The path in it.</param>
    public PathState? StateIn(string mount, string path)
    {
        const string Layers = "layers/", Tree = "/d";
        if (!mount.StartsWith(Layers, StringComparison.Ordinal) || !mount.EndsWith(Tree, StringComparison.Ordinal))
        {
            return null;
        }

        var edits = Meta(LayerId.Parse(mount[Layers.Length..^Tree.Length])).Edits;
        for (int low = 0, high = edits.Length - 1; low <= high;)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(edits[middle].Path, path);
            if (order == 0)
            {
                return edits[middle].After;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return null;
    }

    public bool Exists(LayerId id) => HasDirectory(id) || Catalog.PackOf(id) is not null;

    /// <summary>The layer's directory is gone: only the body store has it.</summary>
    public bool IsPacked(LayerId id) => !HasDirectory(id) && Catalog.PackOf(id) is not null;

    /// <summary>The layer is there as a directory, whole.</summary>
    public bool HasDirectory(LayerId id) =>
        State.StatOwn($"layers/{Checked(id.Value)}/meta.json") is not null && State.StatOwn(LayerTree(id)) is { Kind: EntryKind.Directory };

    /// <summary>Drops the directory of a stored layer: the body store gives it back. Nobody may stand on it.</summary>
    public void DropDirectory(LayerId id)
    {
        var (path, dead) = ($"layers/{id}", $"dead/stored-{id}");
        TreeRemoval.Remove(State, dead);
        lock (Births.Gate)
        {
            if (Catalog.PackOf(id) is null || !HasDirectory(id))
            {
                return;
            }

            LinuxError.Check(LinuxCalls.Rename(State.Handle, FileNames.Encode(path), State.Handle, FileNames.Encode(dead), LinuxCalls.RenameNoReplace), "move", path);
        }

        TreeRemoval.Remove(State, dead);
    }

    /// <summary>The stack's layers from the top down.</summary>
    public IEnumerable<LayerMeta> Chain(LayerId? top)
    {
        for (var at = top; at is { } id;)
        {
            var meta = Meta(id);
            yield return meta;
            at = meta.Parent;
        }
    }

    /// <summary>Every layer that is there as a directory, whole or not, or in the body store.</summary>
    public IEnumerable<LayerId> Named() => State.Names("layers").Select(LayerId.Parse).Union(Catalog.Layers());

    /// <summary>Every layer that is there.</summary>
    public IEnumerable<LayerId> All() => Named().Where(Exists);

    /// <summary>Writes a layer's description beside its final name; <see cref="SyncPrepared"/> makes it durable.</summary>
    public void Prepare(LayerMeta meta)
    {
        var temporary = System.IO.Path.Combine(Path, "layers", Checked(meta.Layer.Value), "meta.tmp");
        using var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write);
        FileContent.Write(file, JsonSerializer.SerializeToUtf8Bytes(meta, SandboxJson.Default.LayerMeta));
        FileContent.BeginToWrite(file);
    }

    /// <summary>The last that can fail for want of space.</summary>
    public void SyncPrepared(LayerId id)
    {
        using var file = State.OpenFile($"layers/{id}/meta.tmp", out _);
        LinuxError.Check(LinuxCalls.Sync(file), "sync", "meta.tmp");
    }

    /// <summary>
    /// Makes a prepared layer real. What its tree holds must be durable, the tree in its place; the names become durable
    /// together, and a layer counts when both are there.
    /// </summary>
    public void Commit(LayerMeta meta)
    {
        var directory = $"layers/{meta.Layer}";
        File.Move(System.IO.Path.Combine(Path, directory, "meta.tmp"), System.IO.Path.Combine(Path, directory, "meta.json"));
        Syncs.Run([() => State.SyncDirectory(directory), () => State.SyncDirectory("layers")]);
        Keep(meta);
    }

    /// <summary>Unmakes a layer: without its meta.json it is a left-over.</summary>
    public void Forget(LayerId id)
    {
        _metas.TryRemove(id, out _);
        lock (Catalog.Gate)
        {
            // Both in one go: who is just storing the old layer finds that it is gone.
            if (HasDirectory(id))
            {
                TreeRemoval.Remove(State, $"layers/{id}/meta.json");
                State.SyncDirectory($"layers/{id}");
            }

            Catalog.Drop([id]);
        }
    }

    /// <summary>How many descriptions are in memory.</summary>
    public int Kept => _metas.Count;

    /// <summary>What is on disk for good may be kept in memory, and may be dropped from there at any time.</summary>
    private LayerMeta Keep(LayerMeta meta)
    {
        if (Interlocked.Add(ref _kept, meta.Edits.Length + 1) > _maxKept)
        {
            _metas.Clear();
            Interlocked.Exchange(ref _kept, meta.Edits.Length + 1);
        }

        _metas[meta.Layer] = meta;
        return meta;
    }

    /// <summary>Forgets what is known of a layer that is gone.</summary>
    public void Lost(LayerId id) => _metas.TryRemove(id, out _);

    private LayerMeta Load(LayerId id)
    {
        if (!Exists(id))
        {
            throw new WorkspaceException(FileProblem.NotFound, $"There is no layer '{id}' in '{Path}'.");
        }

        try
        {
            using var file = State.OpenFile($"layers/{id}/meta.json", out _);
            var meta = JsonSerializer.Deserialize(FileContent.ReadAll(file, "meta.json", MaxMetaBytes), SandboxJson.Default.LayerMeta)!;
            return meta.Version <= LayerMeta.CurrentVersion && meta.Layer == id
                ? meta
                : throw new WorkspaceException(FileProblem.Io, $"Layer '{id}' has version {meta.Version}; this Cairn reads up to {LayerMeta.CurrentVersion}.");
        }
        catch (WorkspaceException e) when (e.Problem is FileProblem.NotFound && Catalog.PackOf(id) is { } pack)
        {
            return LoadPack(pack, id);
        }
        catch (JsonException e)
        {
            throw new WorkspaceException(FileProblem.Io, $"The description of layer '{id}' is damaged: {e.Message}", e);
        }
    }

    /// <summary>Its neighbours will be asked for next, so all of the pack's descriptions are kept.</summary>
    private LayerMeta LoadPack(BlobHash pack, LayerId id)
    {
        LayerMeta? found = null;
        foreach (var layer in Archive.Header(pack).Layers)
        {
            if (layer.Meta.Layer == id)
            {
                found = layer.Meta;
            }
            else if (Catalog.PackOf(layer.Meta.Layer) == pack)
            {
                Keep(layer.Meta);
            }
        }

        return found ?? throw new WorkspaceException(FileProblem.Io, $"The pack '{pack}' lacks the layer '{id}' that it is to hold.");
    }

    /// <summary>Identifiers may hold dots, but one that is only dots would be another directory.</summary>
    private static string Checked(string id) =>
        id is "." or ".." or "" ? throw new WorkspaceException(FileProblem.Outside, $"'{id}' cannot name a directory.") : id;
}
