using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Host.Simulation;

/// <summary>A run's view in memory: repository, frozen layers, one open layer. Knows no links; its only command is git's check-ignore.</summary>
internal sealed class SimulatedWorkspace : IWorkspace
{
    private const int FileMode = 0b110_100_100;
    private const int DirectoryMode = 0b111_101_101;

    private readonly SimulatedMachine _machine;
    private readonly IBlobStore _blobs;
    private readonly RunId _run;
    private ImmutableSortedDictionary<string, SimulatedEntry> _frozen;
    private ImmutableSortedDictionary<string, SimulatedEntry> _open;

    public SimulatedWorkspace(SimulatedMachine machine, IBlobStore blobs, RunId run, string root, LayerId? top)
    {
        (_machine, _blobs, _run, Root, Top) = (machine, blobs, run, root, top);
        var files = machine.Files;
        _frozen = top is not { } layer ? files.Repository
            : files.Layers.TryGetValue(layer, out var found) ? found.View
            : throw new WorkspaceException(FileProblem.NotFound, $"There is no layer {layer}.");
        _open = machine.Plant == Plant.OpenLayerReused && files.Open.TryGetValue(run, out var left) ? left : _frozen;
        files.Open[run] = _open;
    }

    public string Root { get; }

    public LayerId? Top { get; private set; }

    public WorkspaceEntry? Stat(string path)
    {
        var real = Inside(path);
        return real.Length == 0 ? new("", EntryKind.Directory, 0, DirectoryMode)
            : _open.TryGetValue(real, out var entry) ? Entry(real, entry) : null;
    }

    public WorkspaceFile Read(string path, long maxBytes)
    {
        var real = Inside(path);
        if (real.Length > 0 && !_open.ContainsKey(real))
        {
            throw new WorkspaceException(FileProblem.NotFound, $"{path} does not exist.");
        }

        if (real.Length == 0 || _open[real] is not { Kind: EntryKind.File } entry)
        {
            throw new WorkspaceException(FileProblem.WrongKind, $"{path} is no file.");
        }

        return entry.Bytes.Length > maxBytes
            ? throw new WorkspaceException(FileProblem.TooLarge, $"{path} has {entry.Bytes.Length} bytes; at most {maxBytes} are read.")
            : new(real, entry.Hash, entry.Bytes, entry.Mode);
    }

    public IReadOnlyList<WorkspaceEntry> List(string path)
    {
        var real = Inside(path);
        if (real.Length > 0 && !_open.ContainsKey(real))
        {
            throw new WorkspaceException(FileProblem.NotFound, $"{path} does not exist.");
        }

        if (real.Length > 0 && _open[real].Kind != EntryKind.Directory)
        {
            throw new WorkspaceException(FileProblem.WrongKind, $"{path} is no directory.");
        }

        var prefix = real.Length == 0 ? "" : real + "/";
        return [.. _open
            .Where(p => p.Key.StartsWith(prefix, StringComparison.Ordinal) && p.Key.IndexOf('/', prefix.Length) < 0)
            .Select(p => Entry(p.Key, p.Value))];
    }

    public BlobHash Write(string path, ReadOnlySpan<byte> content, BlobHash? expected)
    {
        var real = Inside(path);
        if (real == ".git" || real.StartsWith(".git/", StringComparison.Ordinal))
        {
            throw new WorkspaceException(FileProblem.ReadOnly, $"{path} belongs to git.");
        }

        var there = _open.GetValueOrDefault(real);
        if (real.Length == 0 || there is { Kind: not EntryKind.File })
        {
            throw new WorkspaceException(FileProblem.WrongKind, $"{path} is no file.");
        }

        if (expected != there?.Hash)
        {
            throw new WorkspaceException(FileProblem.Changed, $"{path} is at another version.");
        }

        var next = new SimulatedEntry(EntryKind.File, content.ToArray(), there?.Mode ?? FileMode);
        _machine.Effect(() =>
        {
            MakeParents(real);
            Keep(_open.SetItem(real, next));
        });
        return next.Hash;
    }

    /// <summary>Nothing is ignored.</summary>
    public async Task<SandboxResult> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(_machine.Random.Next(1, 50)), _machine.Time, cancellationToken);
        return new(1, "", "", TimeSpan.Zero, null);
    }

    public LayerChanges? Freeze(LayerId id)
    {
        _machine.ThrowIfDead();
        var changes = _frozen.Keys.Union(_open.Keys).Order(StringComparer.Ordinal)
            .Select(p => Change(p, _frozen.GetValueOrDefault(p), _open.GetValueOrDefault(p)))
            .OfType<PathChange>().ToImmutableArray();
        if (changes.IsEmpty)
        {
            return null;
        }

        if (_machine.Files.Layers.ContainsKey(id))
        {
            throw new WorkspaceException(FileProblem.WrongKind, $"There is already a layer {id}.");
        }

        foreach (var change in changes)
        {
            Remember(_frozen.GetValueOrDefault(change.Path));
            Remember(_open.GetValueOrDefault(change.Path));
        }

        var layer = new LayerChanges(id, Top, changes);
        _machine.Effect(() => _machine.Files.Layers[id] = (_open, layer));
        _machine.Files.Born[id] = _machine.Time.GetTimestamp();
        if (_machine.Plant == Plant.FreezeNotSynced)
        {
            _machine.Files.LeaveUnsynced(id);
        }

        (_frozen, Top) = (_open, id);
        return layer;
    }

    public void Discard() => Keep(_frozen);

    public ImmutableArray<ManifestEntry> Manifest() =>
    [
        .. _open
            .Where(p => p.Key != ".git" && !p.Key.StartsWith(".git/", StringComparison.Ordinal))
            .Select(p => new ManifestEntry(p.Key, p.Value.Kind, p.Value.Mode, p.Value.Hash)),
    ];

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static PathChange? Change(string path, SimulatedEntry? before, SimulatedEntry? after) =>
        before is null && after is null ? null
        : before is null ? new(path, ChangeKind.Added, after!.Kind, default, after.Hash, 0, after.Mode)
        : after is null ? new(path, ChangeKind.Deleted, before.Kind, before.Hash, default, before.Mode, 0)
        : before.Kind == after.Kind && before.Mode == after.Mode && before.Hash == after.Hash ? null
        : new(path, ChangeKind.Modified, after.Kind, before.Hash, after.Hash, before.Mode, after.Mode);

    private static WorkspaceEntry Entry(string path, SimulatedEntry entry) =>
        new(path, entry.Kind, entry.Kind == EntryKind.File ? entry.Bytes.Length : 0, entry.Mode);

    private static string Inside(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/').Where(p => p is not ("" or ".")))
        {
            if (path.StartsWith('/') || (part == ".." && parts.Count == 0))
            {
                throw new WorkspaceException(FileProblem.Outside, $"{path} leads out of the workspace.");
            }

            if (part == "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }

    private void Remember(SimulatedEntry? entry)
    {
        if (entry is { Kind: EntryKind.File })
        {
            _blobs.Put(entry.Bytes);
        }
    }

    private void Keep(ImmutableSortedDictionary<string, SimulatedEntry> open) => _machine.Files.Open[_run] = _open = open;

    private void MakeParents(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (!_open.ContainsKey(path[..slash]))
            {
                _open = _open.SetItem(path[..slash], new(EntryKind.Directory, [], DirectoryMode));
            }
        }
    }
}
