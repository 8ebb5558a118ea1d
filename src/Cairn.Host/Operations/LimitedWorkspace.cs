using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>A run's workspace whose commands are under the limits that its agent file names, whatever a tool asks for.</summary>
internal sealed class LimitedWorkspace(IWorkspace inner, CommandLimits limits) : IWorkspace
{
    public string Root => inner.Root;

    public LayerId? Top => inner.Top;

    /// <summary>The workspace as it is when there are no limits.</summary>
    public static IWorkspace Of(IWorkspace workspace, CommandLimits? limits) => limits is null ? workspace : new LimitedWorkspace(workspace, limits);

    public WorkspaceEntry? Stat(string path) => inner.Stat(path);

    public WorkspaceFile Read(string path, long maxBytes) => inner.Read(path, maxBytes);

    public IReadOnlyList<WorkspaceEntry> List(string path) => inner.List(path);

    public BlobHash Write(string path, ReadOnlySpan<byte> content, BlobHash? expected) => inner.Write(path, content, expected);

    public Task<SandboxResult> RunAsync(SandboxCommand command, CancellationToken cancellationToken) =>
        inner.RunAsync(command with { Limits = limits.Over(command.Limits) }, cancellationToken);

    public LayerChanges? Freeze(LayerId id) => inner.Freeze(id);

    public void Discard() => inner.Discard();

    public ImmutableArray<ManifestEntry> Manifest() => inner.Manifest();

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
