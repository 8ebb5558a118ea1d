using System.Net.WebSockets;
using Cairn.Models;

namespace Cairn.Host;

/// <summary>
/// The WebSocket mode of Responses: each message asks for an answer (response.create), whose events come back as one message
/// each. With previous_response_id a client sends only what is new.
/// </summary>
internal sealed class ResponsesSocket(WebSocket socket, ResponsesSocket.Ask ask)
{
    private const int ReceiveBytes = 16 * 1024;
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(1);

    /// <summary>Answers one message.</summary>
    public delegate Task Ask(ReadOnlyMemory<byte> body, IWireClient client, CancellationToken cancellationToken);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[ReceiveBytes];
        using var message = new MemoryStream();
        try
        {
            while (socket.State == WebSocketState.Open)
            {
                var part = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                message.Write(buffer, 0, part.Count);
                if (message.Length > GatewayLimits.RequestBytes)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.MessageTooBig, $"A message has at most {GatewayLimits.RequestBytes} bytes.", cancellationToken);
                    return;
                }

                if (part.EndOfMessage)
                {
                    await ask(message.GetBuffer().AsMemory(0, (int)message.Length), new SocketWireClient(socket), cancellationToken);
                    message.SetLength(0);
                }
            }

            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                using var limit = new CancellationTokenSource(ClosePatience);
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The client is gone.
        }
    }
}
