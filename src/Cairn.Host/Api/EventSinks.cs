using Cairn.Sdk;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Cairn.Host;

/// <summary>Server-sent events. A reader that takes nothing for a while holds up only itself, until the server cuts it off.</summary>
internal sealed class SseSink(HttpResponse response) : IEventSink
{
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        await response.Body.WriteAsync(": cairn\n\n"u8.ToArray(), cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }

    public async Task SendAsync(EventMessage message, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        if (message.Event == "alive")
        {
            text.Append(": alive\n\n");
        }
        else
        {
            // JSON holds no line break, so one data line is enough.
            _ = message.Id is null ? text : text.Append("id: ").Append(message.Id).Append('\n');
            text.Append("event: ").Append(message.Event).Append("\ndata: ")
                .Append(JsonSerializer.Serialize(message, HostJson.Default.EventMessage)).Append("\n\n");
        }

        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}

/// <summary>A WebSocket: one JSON message for each event.</summary>
internal sealed class WebSocketSink(WebSocket socket) : IEventSink
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public async Task SendAsync(EventMessage message, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(message, HostJson.Default.EventMessage);
        await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, limit.Token);
    }

    /// <summary>Reads until the other side closes; what it says is of no interest.</summary>
    public async Task UntilClosedAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[1024];
        while ((await socket.ReceiveAsync(buffer, cancellationToken)).MessageType != WebSocketMessageType.Close)
        {
        }
    }
}
