using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sandbox.Egress;

namespace Cairn.Host;

/// <summary>A process with a line of its own to the network.</summary>
internal sealed class ConnectedProcess(ISandboxProcess inner, NetworkLine line) : ISandboxProcess
{
    public Stream Input => inner.Input;

    public Stream Output => inner.Output;

    public Task Ended => inner.Ended;

    public string ErrorTail => inner.ErrorTail;

    public string? LimitHit => inner.LimitHit;

    public ImmutableArray<NetworkAccess> TakeNetwork() => line.TakeLog();

    public async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await line.DisposeAsync();
    }
}
