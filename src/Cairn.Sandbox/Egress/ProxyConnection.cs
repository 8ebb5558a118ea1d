using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Egress;

/// <summary>One connection of a sandboxed program to the proxy: one request, or one tunnel.</summary>
internal sealed class ProxyConnection(EgressGate gate, Stream client, TimeSpan idle)
{
    private const int BlockBytes = 32 * 1024;
    private const int MaxChunkLine = 256;
    private const string Connect = "CONNECT";

    private readonly byte[] _start = new byte[RequestHead.MaxBytes];
    private int _have;
    private int _at;
    private long _sent;
    private long _received;

    /// <summary>Serves it to its end. What goes wrong is the client's answer, never an exception.</summary>
    public async Task ServeAsync(CancellationToken cancellationToken)
    {
        using var still = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (host, port, method) = ("?", 0, "?");
        var verdict = NetworkAccess.Allowed;
        try
        {
            if (await ReadHeadAsync(still) is not { } head)
            {
                return;
            }

            method = head.Method;
            var url = Target(head);
            (host, port) = (NetworkRules.HostName(url.Host) ?? throw new FormatException("the host has no valid name"), url.Port);
            var rule = gate.Admit(host, port, method);
            var secret = method == Connect ? null : gate.Credential(rule);
            using var socket = await gate.DialAsync(rule, host, port, cancellationToken);
            await using var upstream = new NetworkStream(socket, ownsSocket: false);
            await (method == Connect ? TunnelAsync(upstream, socket, still) : ForwardAsync(head, url, secret, upstream, socket, still));
        }
        catch (NetworkException e)
        {
            verdict = e.IsDenied ? e.Message : $"failed: {e.Message}";
            await AnswerAsync(e.IsDenied ? "403 Forbidden" : "502 Bad Gateway", e.Message);
        }
        catch (FormatException e)
        {
            verdict = $"refused: {e.Message}";
            await AnswerAsync("400 Bad Request", e.Message);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One of the two ends left: what went through until then is noted as it is.
        }
        finally
        {
            if (method != "?")
            {
                gate.Note(host, port, SafeText.Line(method, 16), SafeText.Line(verdict, 300), _sent, _received);
            }
        }
    }

    private static Uri Target(RequestHead head)
    {
        if (head.Method == Connect)
        {
            var colon = head.Target.LastIndexOf(':');
            return colon > 0 && ushort.TryParse(head.Target.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0
                && NetworkRules.HostName(head.Target[..colon]) is { } name
                ? new UriBuilder("tunnel", name, port).Uri
                : throw new FormatException("CONNECT needs HOST:PORT");
        }

        return Uri.TryCreate(head.Target, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttp && url.UserInfo.Length == 0
            ? url
            : throw new FormatException("a request to a proxy needs an absolute http:// URL without a user name; https goes through CONNECT");
    }

    private async Task<RequestHead?> ReadHeadAsync(CancellationTokenSource still)
    {
        int end;
        while ((end = RequestHead.End(_start.AsSpan(0, _have))) < 0)
        {
            if (_have == _start.Length)
            {
                throw new FormatException($"the request's headers have more than {RequestHead.MaxBytes} bytes");
            }

            still.CancelAfter(idle);
            var n = await client.ReadAsync(_start.AsMemory(_have), still.Token);
            if (n == 0)
            {
                return null;
            }

            _have += n;
        }

        _at = end;
        return RequestHead.Parse(_start.AsSpan(0, end));
    }

    private async Task TunnelAsync(NetworkStream upstream, Socket socket, CancellationTokenSource still)
    {
        await client.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), still.Token);
        var back = CopyAsync(upstream, client, n => _received += n, still);
        await RelayAsync(back, UpAsync(), still);

        async Task UpAsync()
        {
            var early = _start.AsMemory(_at, _have - _at);
            await upstream.WriteAsync(early, still.Token);
            _sent += early.Length;
            await CopyAsync(client, upstream, n => _sent += n, still);
            socket.Shutdown(SocketShutdown.Send);
        }
    }

    /// <summary>
    /// Passes one request on and then its answer. Exactly the announced body goes through: what a client sends behind it would
    /// be a request that nobody decided on.
    /// </summary>
    private async Task ForwardAsync(
        RequestHead head, Uri url, AddedSecret? secret, NetworkStream upstream, Socket socket, CancellationTokenSource still)
    {
        var bytes = head.ForHost(url, secret);
        await upstream.WriteAsync(bytes, still.Token);
        _sent += bytes.Length;
        if (head.Headers.Any(h => h.Name.Equals("expect", StringComparison.OrdinalIgnoreCase)))
        {
            await client.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), still.Token);
        }

        var back = CopyAsync(secret?.Masked(upstream) ?? upstream, client, n => _received += n, still);
        await RelayAsync(back, head.BodyLength is { } length ? BodyAsync(upstream, length, still) : ChunksAsync(upstream, still), still, answerEnds: true);
    }

    /// <summary>Waits for both ways. When the answer is complete the request's rest is of no interest.</summary>
    private static async Task RelayAsync(Task back, Task up, CancellationTokenSource still, bool answerEnds = false)
    {
        var first = await Task.WhenAny(back, up);
        if (first == back && (answerEnds || back.IsFaulted))
        {
            await still.CancelAsync();
        }

        if (first == up && up.IsFaulted)
        {
            await still.CancelAsync();
        }

        try
        {
            await Task.WhenAll(back, up);
        }
        catch (Exception) when (back.IsCompletedSuccessfully)
        {
            // The answer went through whole.
        }
    }

    private async Task BodyAsync(NetworkStream upstream, long length, CancellationTokenSource still)
    {
        var block = new byte[BlockBytes];
        while (length > 0)
        {
            var n = await ReadAsync(block.AsMemory(0, (int)Math.Min(block.Length, length)), still);
            if (n == 0)
            {
                throw new IOException("The client left before its request was complete.");
            }

            await upstream.WriteAsync(block.AsMemory(0, n), still.Token);
            _sent += n;
            length -= n;
        }
    }

    private async Task ChunksAsync(NetworkStream upstream, CancellationTokenSource still)
    {
        while (true)
        {
            var line = await ChunkLineAsync(still);
            if (!long.TryParse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size) || size < 0)
            {
                throw new IOException("The request's chunks cannot be read.");
            }

            await upstream.WriteAsync(Encoding.ASCII.GetBytes(size.ToString("x", CultureInfo.InvariantCulture) + "\r\n"), still.Token);
            await BodyAsync(upstream, size, still);
            if ((await ChunkLineAsync(still)).Length > 0)
            {
                throw new IOException("The request's chunks cannot be read, or have trailers.");
            }

            await upstream.WriteAsync("\r\n"u8.ToArray(), still.Token);
            if (size == 0)
            {
                return;
            }
        }
    }

    private async Task<string> ChunkLineAsync(CancellationTokenSource still)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (line.Length < MaxChunkLine)
        {
            if (await ReadAsync(one, still) == 0)
            {
                throw new IOException("The client left before its request was complete.");
            }

            if (one[0] == '\n')
            {
                return line.Length > 0 && line[^1] == '\r' ? line.ToString(0, line.Length - 1) : throw new IOException("A chunk's line does not end as it must.");
            }

            line.Append((char)one[0]);
        }

        throw new IOException("A chunk's line is too long.");
    }

    /// <summary>What came with the head first, then what the client sends.</summary>
    private async ValueTask<int> ReadAsync(Memory<byte> into, CancellationTokenSource still)
    {
        if (_at < _have)
        {
            var n = Math.Min(into.Length, _have - _at);
            _start.AsMemory(_at, n).CopyTo(into);
            _at += n;
            return n;
        }

        still.CancelAfter(idle);
        return await client.ReadAsync(into, still.Token);
    }

    private async Task CopyAsync(Stream from, Stream to, Action<int> count, CancellationTokenSource still)
    {
        var block = new byte[BlockBytes];
        int n;
        while ((n = await from.ReadAsync(block, still.Token)) > 0)
        {
            still.CancelAfter(idle);
            await to.WriteAsync(block.AsMemory(0, n), still.Token);
            count(n);
        }

        if (to is NetworkStream end && ReferenceEquals(to, client))
        {
            end.Socket.Shutdown(SocketShutdown.Send);
        }
    }

    private async Task AnswerAsync(string status, string why)
    {
        try
        {
            var body = Encoding.UTF8.GetBytes($"cairn: {SafeText.Line(why, 1000)}\n");
            var head = $"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {body.Length}\r\nX-Cairn-Egress: refused\r\nConnection: close\r\n\r\n";
            await client.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body], CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It left: then it needs no answer.
        }
    }
}
