namespace Cairn.Models;

/// <summary>Where an answer goes: an HTTP response, a WebSocket, a test.</summary>
public interface IWireClient
{
    /// <summary>Called once, before the first byte.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="contentType">Of the body.</param>
    /// <param name="retryAfter">The wait that the provider asks for.</param>
    void Start(int status, string contentType, TimeSpan? retryAfter);

    /// <summary>Takes bytes, and returns when the client may take more: a slow client holds up its own provider, and nothing piles up here. What is no
    /// stream of events comes in one piece.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Ends the connection in such a way that nobody can take the answer for whole.</summary>
    void Cut();
}
