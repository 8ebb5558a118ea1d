using Cairn.Models;

namespace Cairn.Host;

/// <summary>A question of a guest that waits for its turn, and the connection on which its answer goes back.</summary>
internal sealed class GuestTurn(WireCall call, IWireClient client, CancellationToken left)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public WireCall Call { get; } = call;

    public IWireClient Client { get; } = client;

    /// <summary>Cancelled when the guest hangs up.</summary>
    public CancellationToken Left { get; } = left;

    /// <summary>It was answered, or never will be.</summary>
    public Task Done => _done.Task;

    public void Finish() => _done.TrySetResult();
}
