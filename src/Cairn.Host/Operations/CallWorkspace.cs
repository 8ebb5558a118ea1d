using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sandbox.Egress;

namespace Cairn.Host;

/// <summary>
/// A run's workspace as one call sees it: its commands are under the run's limits whatever a tool asks for, reach the network
/// over the call's own line, and what they do is noted, so that no driver can forget to tell.
/// </summary>
/// <param name="inner">The run's workspace.</param>
/// <param name="limits">What the agent file sets; null for the sandbox's own.</param>
/// <param name="rules">What the run's policy forbids outright.</param>
/// <param name="network">The run's network; null when it has none.</param>
/// <param name="line">The call's line to it.</param>
/// <param name="notes">Takes what commands did.</param>
internal sealed class CallWorkspace(IWorkspace inner, CommandLimits? limits, SandboxRules rules, RunNetwork? network, NetworkLine? line, CallNotes notes) : IWorkspace
{
    private readonly IWorkspace _inner = inner;

    public string Root => _inner.Root;

    public LayerId? Top => _inner.Top;

    /// <summary>They have no network: only single commands go through the proxy. There are none where the workspace is not theirs to change.</summary>
    public IShells? Shells => rules.IsNarrow ? null : _inner.Shells is { } shells ? limits is null ? shells : new LimitedShells(shells, limits) : null;

    public WorkspaceEntry? Stat(string path) => _inner.Stat(path);

    public long? Stamp(string path) => _inner.Stamp(path);

    public WorkspaceFile Read(string path, long maxBytes) => _inner.Read(path, maxBytes);

    public IReadOnlyList<WorkspaceEntry> List(string path) => _inner.List(path);

    public BlobHash Write(string path, ReadOnlySpan<byte> content, BlobHash? expected) => _inner.Write(path, content, expected);

    public async Task<SandboxResult> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        command = Limited(command);
        var result = await _inner.RunAsync(line?.Connect(command, Root) ?? command, cancellationToken);
        notes.Add(result);
        return result;
    }

    /// <summary>What lives on after the call has a line of its own: who uses it next takes what it asked in the meantime.</summary>
    public async Task<ISandboxProcess> StartAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        command = Limited(command);
        if (network is null || !command.Network)
        {
            return await _inner.StartAsync(command, cancellationToken);
        }

        var own = network.Open();
        try
        {
            return new ConnectedProcess(await _inner.StartAsync(own.Connect(command, Root), cancellationToken), own);
        }
        catch
        {
            await own.DisposeAsync();
            throw;
        }
    }

    public LayerChanges? Freeze(LayerId id) => _inner.Freeze(id);

    public ImmutableArray<PathChange>? ChangesSince(LayerId? layer) => _inner.ChangesSince(layer);

    public void Discard() => _inner.Discard();

    public ImmutableArray<ManifestEntry> Manifest() => _inner.Manifest();

    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    /// <summary>The same workspace, however often it was wrapped: a server that runs over it goes on.</summary>
    public override bool Equals(object? obj) => obj is CallWorkspace other && ReferenceEquals(_inner, other._inner);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(_inner);

    private SandboxCommand Limited(SandboxCommand command) => command with
    {
        Limits = limits?.Over(command.Limits) ?? command.Limits,

        // A tool can ask for less than the run has, never for more.
        Profile = command.Profile == SandboxProfile.ReadOnly ? SandboxProfile.ReadOnly : rules.Profile,
        NoExec = command.NoExec || rules.NoExec,
    };
}
