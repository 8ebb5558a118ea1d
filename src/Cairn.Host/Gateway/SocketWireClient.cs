using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Cairn.Models;

namespace Cairn.Host;

/// <summary>A WebSocket as the place where an answer goes: each line is a message of its own.</summary>
internal sealed class SocketWireClient(WebSocket socket) : IWireClient
{
    private int _status = 200;

    public void Start(int status, string contentType, TimeSpan? retryAfter) => _status = status;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.Span.IndexOf((byte)'\n');
            var line = end < 0 ? bytes : bytes[..end];
            bytes = end < 0 ? default : bytes[(end + 1)..];
            if (!line.IsEmpty)
            {
                await socket.SendAsync(Marked(line), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
            }
        }
    }

    public void Cut() => socket.Abort();

    // On a socket there is no status beside the message.
    private ReadOnlyMemory<byte> Marked(ReadOnlyMemory<byte> line) => line.Span.StartsWith("{\"error\":"u8)
        ? (byte[])[.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"type\":\"error\",\"status\":{(_status == 200 ? 502 : _status)},")), .. line.Span[1..]]
        : line;
}
