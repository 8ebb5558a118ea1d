using System.Collections.Immutable;
using System.Text;

namespace Cairn.Tests.Sandbox;

/// <summary>
/// A workspace without disk or sandbox: files in a dictionary, commands answered by the test. Enough of the contract
/// for tools and agents; merge and isolation belong to the real one.
/// </summary>
internal sealed class InMemoryWorkspace : IWorkspace
{
    private const int FileMode = 0b110_100_100;
    private const int DirectoryMode = 0b111_101_101;

    private ImmutableSortedDictionary<string, Node> _frozen = ImmutableSortedDictionary.Create<string, Node>(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, Node> _open = ImmutableSortedDictionary.Create<string, Node>(StringComparer.Ordinal);

    private readonly ImmutableSortedDictionary<string, Node> _base;
    private readonly Dictionary<LayerId, ImmutableSortedDictionary<string, Node>> _layers;

    public InMemoryWorkspace(params IEnumerable<(string Path, string Text)> files)
    {
        foreach (var (path, text) in files)
        {
            Put(path, Encoding.UTF8.GetBytes(text));
        }

        _frozen = _base = _open;
        _layers = [];
    }

    private InMemoryWorkspace(ImmutableSortedDictionary<string, Node> repository) =>
        (_base, _frozen, _open, _layers) = (repository, repository, repository, []);

    private InMemoryWorkspace(InMemoryWorkspace other, LayerId? top)
    {
        (_base, _layers, Top) = (other._base, other._layers, top);
        _frozen = _open = top is { } layer ? _layers[layer] : _base;
    }

    /// <summary>What a command does; the default is a command that is not found.</summary>
    public Func<InMemoryWorkspace, SandboxCommand, SandboxResult> OnRun { get; set; } =
        (_, _) => new SandboxResult(127, "", "not found", TimeSpan.Zero, null);

    /// <summary>The commands that were run.</summary>
    public List<SandboxCommand> Commands { get; } = [];

    /// <summary>Called before each write, to let the world move on at the worst moment.</summary>
    public Action<string>? BeforeWrite { get; set; }

    public string Root => "/repo";

    public LayerId? Top { get; private set; }

    /// <summary>Another view of the same repository and layers, as a resumed or forked run opens it.</summary>
    public InMemoryWorkspace OpenAgain(LayerId? top) => new(this, top);

    /// <summary>What was put so far becomes the repository itself.</summary>
    public InMemoryWorkspace AsRepository() => new(_open);

    public void Put(string path, byte[] bytes, int mode = FileMode)
    {
        MakeParents(path);
        _open = _open.SetItem(path, new Node(EntryKind.File, bytes, mode, null));
    }

    public void PutLink(string path, string target)
    {
        MakeParents(path);
        _open = _open.SetItem(path, new Node(EntryKind.Link, Encoding.UTF8.GetBytes(target), 0b111_111_111, target));
    }

    public void MakeDirectory(string path)
    {
        MakeParents(path + "/x");
    }

    public void Remove(string path) =>
        _open = _open.RemoveRange(_open.Keys.Where(k => k == path || k.StartsWith(path + "/", StringComparison.Ordinal)));

    public string TextOf(string path) => Encoding.UTF8.GetString(_open[path].Bytes);

    public byte[] BytesOf(string path) => _open[path].Bytes;

    public WorkspaceEntry? Stat(string path)
    {
        path = Inside(path);
        return path.Length == 0
            ? new WorkspaceEntry("", EntryKind.Directory, 0, DirectoryMode)
            : _open.TryGetValue(path, out var node) ? Entry(path, node) : null;
    }

    public WorkspaceFile Read(string path, long maxBytes)
    {
        var real = Follow(path);
        if (!_open.TryGetValue(real, out var node))
        {
            throw real.Length == 0
                ? new WorkspaceException(FileProblem.WrongKind, "The root is a directory.")
                : new WorkspaceException(FileProblem.NotFound, $"{path} does not exist.");
        }

        if (node.Kind != EntryKind.File)
        {
            throw new WorkspaceException(FileProblem.WrongKind, $"{path} is no file.");
        }

        return node.Bytes.Length > maxBytes
            ? throw new WorkspaceException(FileProblem.TooLarge, $"{path} has {node.Bytes.Length} bytes; at most {maxBytes} are read.")
            : new WorkspaceFile(real, BlobHash.Of(node.Bytes), node.Bytes, node.Mode);
    }

    public IReadOnlyList<WorkspaceEntry> List(string path)
    {
        var real = Follow(path);
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
        BeforeWrite?.Invoke(path);
        var real = Follow(path);
        if (real == ".git" || real.StartsWith(".git/", StringComparison.Ordinal))
        {
            throw new WorkspaceException(FileProblem.ReadOnly, $"{path} belongs to git.");
        }

        var there = _open.GetValueOrDefault(real);
        if (there is { Kind: not EntryKind.File })
        {
            throw new WorkspaceException(FileProblem.WrongKind, $"{path} is no file.");
        }

        if (expected != (there is null ? null : BlobHash.Of(there.Bytes)))
        {
            throw new WorkspaceException(FileProblem.Changed, $"{path} is at another version.");
        }

        MakeParents(real);
        _open = _open.SetItem(real, new Node(EntryKind.File, content.ToArray(), there?.Mode ?? FileMode, null));
        return BlobHash.Of(content);
    }

    public Task<SandboxResult> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Commands.Add(command);
        return Task.FromResult(OnRun(this, command));
    }

    /// <summary>Starts a process that somebody talks to; null when there are none.</summary>
    public Func<SandboxCommand, ISandboxProcess>? OnStart { get; set; }

    public Task<ISandboxProcess> StartAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        Commands.Add(command);
        return OnStart is { } start ? Task.FromResult(start(command)) : throw new WorkspaceException(FileProblem.Io, "This workspace runs no processes.");
    }

    public ImmutableArray<PathChange>? ChangesSince(LayerId? layer) =>
        (layer is { } named ? _layers.GetValueOrDefault(named) : _base) is not { } before ? null
        : [.. before.Keys.Union(_frozen.Keys).Order(StringComparer.Ordinal).Select(p => Change(p, before.GetValueOrDefault(p), _frozen.GetValueOrDefault(p))).OfType<PathChange>()];

    public LayerChanges? Freeze(LayerId id)
    {
        var changes = _frozen.Keys.Union(_open.Keys).Order(StringComparer.Ordinal)
            .Select(p => Change(p, _frozen.GetValueOrDefault(p), _open.GetValueOrDefault(p)))
            .OfType<PathChange>()
            .ToImmutableArray();
        if (changes.IsEmpty)
        {
            return null;
        }

        var parent = Top;
        (_frozen, Top) = (_open, id);
        _layers[id] = _open;
        return new LayerChanges(id, parent, changes);
    }

    public void Discard() => _open = _frozen;

    public ImmutableArray<ManifestEntry> Manifest() =>
    [
        .. _open
            .Where(p => p.Key != ".git" && !p.Key.StartsWith(".git/", StringComparison.Ordinal))
            .Select(p => new ManifestEntry(p.Key, p.Value.Kind, p.Value.Mode, Hash(p.Value))),
    ];

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static PathChange? Change(string path, Node? before, Node? after) =>
        before is null && after is not null
            ? new PathChange(path, ChangeKind.Added, after.Kind, default, Hash(after), 0, after.Mode)
            : before is not null && after is null
                ? new PathChange(path, ChangeKind.Deleted, before.Kind, Hash(before), default, before.Mode, 0)
                : before is not null && after is not null && (before.Mode != after.Mode || before.Kind != after.Kind || Hash(before) != Hash(after))
                    ? new PathChange(path, ChangeKind.Modified, after.Kind, Hash(before), Hash(after), before.Mode, after.Mode)
                    : null;

    private static BlobHash Hash(Node node) => node.Kind == EntryKind.Directory ? default : BlobHash.Of(node.Bytes);

    private static WorkspaceEntry Entry(string path, Node node) =>
        new(path, node.Kind, node.Kind == EntryKind.File ? node.Bytes.Length : 0, node.Mode, node.Target);

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

    private string Follow(string path)
    {
        for (var hops = 0; hops < 16; hops++)
        {
            path = Inside(path);
            if (_open.GetValueOrDefault(path) is not { Kind: EntryKind.Link, Target: { } target })
            {
                return path;
            }

            var slash = path.LastIndexOf('/');
            path = target.StartsWith('/') || slash < 0 ? target : path[..(slash + 1)] + target;
        }

        throw new WorkspaceException(FileProblem.NotFound, $"{path} is a loop of links.");
    }

    private void MakeParents(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (!_open.ContainsKey(path[..slash]))
            {
                _open = _open.SetItem(path[..slash], new Node(EntryKind.Directory, [], DirectoryMode, null));
            }
        }
    }

    private sealed record Node(EntryKind Kind, byte[] Bytes, int Mode, string? Target);
}
