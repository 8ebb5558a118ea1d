using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cairn.Tests.Integration.Egress;

/// <summary>An HTTP/1 server on the loopback that keeps its connections and notes every request that it reads, byte for byte.</summary>
internal sealed class PlainServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _accepting;
    private readonly Func<string, string> _answer;

    /// <param name="answer">From a request's head to the whole answer.</param>
    public PlainServer(Func<string, string>? answer = null)
    {
        _answer = answer ?? (_ => Ok("hello from outside"));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public ConcurrentQueue<string> Requests { get; } = new();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public static string Ok(string body, string type = "text/plain") =>
        string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    public static string Redirect(string to) => $"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n";

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        await _accepting;
        _closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_closing.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            await using var stream = client.GetStream();
            var read = new List<byte>();
            var block = new byte[4096];
            while (true)
            {
                int end;
                while ((end = Encoding.Latin1.GetString([.. read]).IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
                {
                    var n = await stream.ReadAsync(block, _closing.Token);
                    if (n == 0)
                    {
                        return;
                    }

                    read.AddRange(block.AsSpan(0, n));
                }

                var head = Encoding.Latin1.GetString([.. read], 0, end + 4);
                read.RemoveRange(0, end + 4);
                Requests.Enqueue(head);
                while (Missing(head, read) is var missing && missing > 0)
                {
                    var n = await stream.ReadAsync(block, _closing.Token);
                    if (n == 0)
                    {
                        return;
                    }

                    read.AddRange(block.AsSpan(0, n));
                }

                await stream.WriteAsync(Encoding.UTF8.GetBytes(_answer(head)), _closing.Token);
                if (head.Contains("Connection: close", StringComparison.OrdinalIgnoreCase))
                {
                    // A server may well answer what came behind: everything that arrived counts.
                    client.Client.Shutdown(SocketShutdown.Send);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // The client left, or the test is over.
        }
    }

    /// <summary>Takes a whole body away; greater than 0 while there must be more of it.</summary>
    private static int Missing(string head, List<byte> read)
    {
        if (head.Contains("transfer-encoding: chunked", StringComparison.OrdinalIgnoreCase))
        {
            ReadOnlySpan<byte> tail = "0\r\n\r\n"u8;
            if (read.Count < tail.Length || !tail.SequenceEqual(read.TakeLast(tail.Length).ToArray()))
            {
                return 1;
            }

            read.Clear();
            return 0;
        }

        const string Name = "Content-Length: ";
        var at = head.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
        var length = at < 0 ? 0 : int.Parse(head[(at + Name.Length)..].Split('\r')[0], CultureInfo.InvariantCulture);
        if (read.Count >= length)
        {
            read.RemoveRange(0, length);
            return 0;
        }

        return length - read.Count;
    }
}
