using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Cairn.Sandbox.Egress;

/// <summary>The proxy of one run on a Unix socket, which is bound into its sandboxes. It ends when it is disposed.</summary>
internal sealed class EgressProxy : IAsyncDisposable
{
    /// <summary>The most connections at once; further ones wait.</summary>
    private const int MaxConnections = 64;

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _places = new(MaxConnections, MaxConnections);
    private readonly ConcurrentDictionary<Task, byte> _open = new();
    private readonly EgressGate _gate;
    private readonly TimeSpan _idle;
    private readonly Task _accepting;

    public EgressProxy(string socketPath, EgressGate gate, TimeSpan idle)
    {
        (_gate, _idle) = (gate, idle);
        _listener.Bind(new UnixDomainSocketEndPoint(socketPath));
        _listener.Listen(MaxConnections);
        _accepting = AcceptAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_open.Keys);
        _closing.Dispose();
        _places.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _places.WaitAsync(_closing.Token);
                var socket = await _listener.AcceptAsync(_closing.Token);
                var serving = ServeAsync(socket);
                _open.TryAdd(serving, 0);
                _ = serving.ContinueWith(t => _open.TryRemove(t, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // Closing; or the machine is out of descriptors, and then nobody else gets through.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await Task.Yield();
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await new ProxyConnection(_gate, stream, _idle).ServeAsync(_closing.Token);
        }
        finally
        {
            _places.Release();
        }
    }
}
