using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>A run's workspace whose commands are under the limits that its agent file names, whatever a tool asks for.</summary>
internal sealed class LimitedWorkspace(IWorkspace inner, CommandLimits limits) : IWorkspace
{
    private readonly IWorkspace _inner = inner;

    public string Root => _inner.Root;

    public LayerId? Top => _inner.Top;

    /// <summary>None: what is typed into a shell cannot be held to the limits of a single command.</summary>
    public IShells? Shells => null;

    /// <summary>The workspace as it is when there are no limits.</summary>
    public static IWorkspace Of(IWorkspace workspace, CommandLimits? limits) => limits is null ? workspace : new LimitedWorkspace(workspace, limits);

    public WorkspaceEntry? Stat(string path) => _inner.Stat(path);

    public long? Stamp(string path) => _inner.Stamp(path);

    public WorkspaceFile Read(string path, long maxBytes) => _inner.Read(path, maxBytes);

    public IReadOnlyList<WorkspaceEntry> List(string path) => _inner.List(path);

    public BlobHash Write(string path, ReadOnlySpan<byte> content, BlobHash? expected) => _inner.Write(path, content, expected);

    public Task<SandboxResult> RunAsync(SandboxCommand command, CancellationToken cancellationToken) =>
        _inner.RunAsync(command with { Limits = limits.Over(command.Limits) }, cancellationToken);

    public Task<ISandboxProcess> StartAsync(SandboxCommand command, CancellationToken cancellationToken) =>
        _inner.StartAsync(command with { Limits = limits.Over(command.Limits) }, cancellationToken);

    public LayerChanges? Freeze(LayerId id) => _inner.Freeze(id);

    public void Discard() => _inner.Discard();

    public ImmutableArray<ManifestEntry> Manifest() => _inner.Manifest();

    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    /// <summary>The same workspace, however often it was wrapped: a server that runs over it goes on.</summary>
    public override bool Equals(object? obj) => obj is LimitedWorkspace other && ReferenceEquals(_inner, other._inner);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(_inner);
}
