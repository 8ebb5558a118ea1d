using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cairn.Bench.Gateway;

/// <summary>
/// A model's server that is not the limit: answers of Chat Completions from memory, over plain sockets. A request whose model is
/// called "hold" gets the first piece of a stream and then nothing, until the connection is closed; one with tools gets a call.
/// </summary>
internal static class MockBackend
{
    public const string Held = "hold";
    public const int Pieces = 20;
    private const int ReadBytes = 64 * 1024;
    private const int Backlog = 2048;

    private static readonly byte[] Whole = Response(
        "application/json",
        $$$"""{"id":"chatcmpl-#{{{HttpText.Number}}}","object":"chat.completion","created":1750000000,"model":"mock","choices":[{"index":0,"message":{"role":"assistant","content":"{{{string.Concat(Enumerable.Repeat("All is well. ", 64))}}}"},"finish_reason":"stop","logprobs":null}],"usage":{"prompt_tokens":300,"completion_tokens":200,"total_tokens":500}}""");

    private static readonly byte[] Head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray();
    private static readonly byte[] First = Chunk(Event($$"""{"role":"assistant","content":"Answer #{{HttpText.Number}}: "}""", "null"));
    private static readonly byte[] Rest =
    [
        .. Enumerable.Range(0, Pieces - 2).SelectMany(_ => Chunk(Event("""{"content":"All is well. "}""", "null"))),
        .. Chunk(Event("{}", "\"stop\"")), .. Chunk(Usage), .. Chunk("data: [DONE]\n\n"), .. "0\r\n\r\n"u8,
    ];

    private static readonly byte[] CallFirst = Chunk(Event("""{"role":"assistant","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"run","arguments":""}}]}""", "null"));
    private static readonly byte[] CallHead = [.. Head, .. CallFirst];
    private static long _number; // Two at once may meet on a number now and then: nobody minds.

    private static readonly byte[] CallRest =
    [
        .. Enumerable.Range(0, 8).SelectMany(i => Chunk(Event($$$"""{"tool_calls":[{"index":0,"function":{"arguments":"{{{(i == 0 ? "{\\\"command\\\":\\\"ls" : i == 7 ? "\\\"}" : " -la /tmp")}}}"}}]}""", "null"))),
        .. Chunk(Event("{}", "\"tool_calls\"")), .. Chunk(Usage), .. Chunk("data: [DONE]\n\n"), .. "0\r\n\r\n"u8,
    ];

    private const string Usage = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1750000000,\"model\":\"mock\",\"choices\":[],\"usage\":{\"prompt_tokens\":300,\"completion_tokens\":200,\"total_tokens\":500}}\n\n";

    /// <summary>Serves until standard input ends; the first line of the output is the port.</summary>
    public static async Task<int> RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(Backlog);
        await output.WriteLineAsync($"{((IPEndPoint)listener.LocalEndPoint!).Port}");
        await output.FlushAsync(cancellationToken);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var accepting = AcceptAsync(listener, end.Token);
        while (await Console.In.ReadLineAsync(cancellationToken) is not null)
        {
            // Whoever started this process keeps its input open.
        }

        await end.CancelAsync();
        await accepting;
        return 0;
    }

    private static async Task AcceptAsync(Socket listener, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptAsync(cancellationToken);
                client.NoDelay = true;
                _ = ServeAsync(client, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private static async Task ServeAsync(Socket client, CancellationToken cancellationToken)
    {
        var buffer = new byte[ReadBytes];
        var filled = 0;
        var answers = new Answers([.. Whole], [.. Head, .. First]);
        using (client)
        {
            try
            {
                while (true)
                {
                    int size;
                    while ((size = RequestSize(buffer.AsSpan(0, filled))) < 0)
                    {
                        if (filled == buffer.Length)
                        {
                            Array.Resize(ref buffer, buffer.Length * 2);
                        }

                        var n = await client.ReceiveAsync(buffer.AsMemory(filled), cancellationToken);
                        if (n == 0)
                        {
                            return;
                        }

                        filled += n;
                    }

                    await AnswerAsync(client, answers, buffer.AsMemory(0, size), cancellationToken);
                    buffer.AsSpan(size, filled - size).CopyTo(buffer);
                    filled -= size;
                }
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // The gateway closed it.
            }
        }
    }

    private static async Task AnswerAsync(Socket client, Answers answers, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        if (request.Span.IndexOf("\"stream\":true"u8) < 0)
        {
            HttpText.Renumber(answers.Whole, ref _number);
            await client.SendAsync(answers.Whole, cancellationToken);
            return;
        }

        var calls = request.Span.IndexOf("\"tools\":"u8) >= 0;
        HttpText.Renumber(answers.First, ref _number);
        await client.SendAsync(calls ? CallHead : answers.First, cancellationToken);
        if (request.Span.IndexOf("\"model\":\"hold\""u8) < 0)
        {
            await client.SendAsync(calls ? CallRest : Rest, cancellationToken);
        }
    }

    /// <summary>The length of the first whole request; -1 while it is not whole.</summary>
    private static int RequestSize(ReadOnlySpan<byte> bytes)
    {
        var head = bytes.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return -1;
        }

        head += 4;
        if (HttpText.Header(bytes[..head], "content-length") is { } length)
        {
            return bytes.Length >= head + length ? (int)(head + length) : -1;
        }

        if (bytes[..head].IndexOf("chunked"u8) < 0)
        {
            return head;
        }

        var end = bytes[head..].IndexOf("0\r\n\r\n"u8);
        return end < 0 ? -1 : head + end + 5;
    }

    private static byte[] Response(string type, string body) => Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    private static string Event(string delta, string finish) =>
        $$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1750000000,"model":"mock","choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}}]}""" + "\n\n";

    private static byte[] Chunk(string text) => Encoding.UTF8.GetBytes($"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n");

    /// <summary>A connection's own copies, into which numbers are written.</summary>
    private sealed record Answers(byte[] Whole, byte[] First);
}
