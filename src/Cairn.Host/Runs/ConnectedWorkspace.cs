using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sandbox.Egress;

namespace Cairn.Host;

/// <summary>A workspace whose commands reach the run's network when they ask for it.</summary>
internal sealed class ConnectedWorkspace(IWorkspace inner, RunNetwork network) : IWorkspace
{
    public string Root => inner.Root;

    public LayerId? Top => inner.Top;

    /// <summary>They have no network: only single commands go through the proxy.</summary>
    public IShells? Shells => inner.Shells;

    public WorkspaceEntry? Stat(string path) => inner.Stat(path);

    public long? Stamp(string path) => inner.Stamp(path);

    public WorkspaceFile Read(string path, long maxBytes) => inner.Read(path, maxBytes);

    public IReadOnlyList<WorkspaceEntry> List(string path) => inner.List(path);

    public BlobHash Write(string path, ReadOnlySpan<byte> content, BlobHash? expected) => inner.Write(path, content, expected);

    public Task<SandboxResult> RunAsync(SandboxCommand command, CancellationToken cancellationToken) =>
        inner.RunAsync(network.Connect(command, Root), cancellationToken);

    public Task<ISandboxProcess> StartAsync(SandboxCommand command, CancellationToken cancellationToken) =>
        inner.StartAsync(network.Connect(command, Root), cancellationToken);

    public LayerChanges? Freeze(LayerId id) => inner.Freeze(id);

    public LayerChanges? FreezeLive(LayerId id) => inner.FreezeLive(id);

    public void Discard() => inner.Discard();

    public ImmutableArray<ManifestEntry> Manifest() => inner.Manifest();

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
