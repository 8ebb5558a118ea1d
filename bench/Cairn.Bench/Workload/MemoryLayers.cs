using System.Collections.Immutable;

namespace Cairn.Bench.Workload;

/// <summary>
/// Layers in memory, so that a benchmark measures the kernel and its journal, not the file system beneath a workspace.
/// Each freeze makes a layer with one changed path; nothing of a layer is kept but its name.
/// </summary>
internal sealed class MemoryLayers : ILayerStore
{
    public IWorkspace Open(RunId run, string repository, LayerId? top) => new MemoryWorkspace(repository, top);

    public LayerChanges Changes(LayerId layer) => new(layer, null, []);

    public ImmutableArray<PathChange> NetChanges(LayerId? top, LayerId? above) => [];

    public byte[] Content(BlobHash hash) => [];

    public MergePlan PlanMerge(string repository, LayerId? top) => new(repository, top, [], [], []);

    public void ApplyMerge(MergePlan plan)
    {
    }

    public Task<IReadOnlyList<SandboxFact>> ProbeAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<SandboxFact>>([]);

    private sealed class MemoryWorkspace(string root, LayerId? top) : IWorkspace
    {
        private static readonly ImmutableArray<PathChange> OnePath =
            [new("notes.txt", ChangeKind.Modified, EntryKind.File, BlobHash.OfText("a"), BlobHash.OfText("b"), 420, 420)];

        public string Root => root;

        public LayerId? Top { get; private set; } = top;

        public WorkspaceEntry? Stat(string path) => path.Length == 0 ? new("", EntryKind.Directory, 0, 493) : null;

        public WorkspaceFile Read(string path, long maxBytes) => throw new WorkspaceException(FileProblem.NotFound, $"{path} does not exist.");

        public IReadOnlyList<WorkspaceEntry> List(string path) => [];

        public BlobHash Write(string path, ReadOnlySpan<byte> content, BlobHash? expected) => BlobHash.Of(content);

        public Task<SandboxResult> RunAsync(SandboxCommand command, CancellationToken cancellationToken) =>
            Task.FromResult(new SandboxResult(1, "", "", TimeSpan.Zero, null));

        public LayerChanges? Freeze(LayerId id)
        {
            var changes = new LayerChanges(id, Top, OnePath);
            Top = id;
            return changes;
        }

        public void Discard()
        {
        }

        public ImmutableArray<ManifestEntry> Manifest() => [];

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
