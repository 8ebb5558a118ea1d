using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cairn.Bench.Gateway;

/// <summary>When the first event and the last byte of an answer came.</summary>
/// <param name="FirstUs">Microseconds from the request to the first byte of the body.</param>
/// <param name="AllUs">Microseconds to the end.</param>
/// <param name="Bytes">Bytes of the answer.</param>
internal readonly record struct AskTime(double FirstUs, double AllUs, long Bytes);

/// <summary>A connection that asks and waits on its own thread: blocking sockets add the least to what is measured.</summary>
internal sealed class LoadClient : IDisposable
{
    /// <summary>Calls of one connection that get numbers of their own.</summary>
    private const long NumbersEach = 10_000_000;

    private static long _numbers;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _buffer = new byte[64 * 1024];
    private long _number = Interlocked.Add(ref _numbers, NumbersEach);

    public LoadClient(int port) => _socket.Connect(IPAddress.Loopback, port);

    /// <summary>Asks, and reads the whole answer.</summary>
    /// <exception cref="InvalidOperationException">When the answer is not 200, or is cut off.</exception>
    public AskTime Ask(byte[] request)
    {
        HttpText.Renumber(request, ref _number);
        var start = Stopwatch.GetTimestamp();
        _socket.Send(request);
        var (head, filled, first) = ReadHead(start);
        var length = HttpText.Header(_buffer.AsSpan(0, head), "content-length");
        while (!IsWhole(head, filled, length))
        {
            filled += Receive(filled);
        }

        var all = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        return new(first, all, filled);
    }

    /// <summary>Asks, and reads until the answer has begun.</summary>
    public double Begin(byte[] request)
    {
        var start = Stopwatch.GetTimestamp();
        _socket.Send(request);
        return ReadHead(start).FirstUs;
    }

    public void Dispose() => _socket.Dispose();

    private (int Head, int Filled, double FirstUs) ReadHead(long start)
    {
        var filled = 0;
        int head;
        do
        {
            filled += Receive(filled);
            head = _buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
        }
        while (head < 0 || filled == head + 4);
        var first = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        return _buffer.AsSpan(0, filled).StartsWith("HTTP/1.1 200"u8)
            ? (head + 4, filled, first)
            : throw new InvalidOperationException($"answered {Encoding.UTF8.GetString(_buffer, 0, Math.Min(filled, 600))}");
    }

    private bool IsWhole(int head, int filled, long? length) => length is { } bytes
        ? filled >= head + bytes
        : _buffer.AsSpan(head, filled - head).EndsWith("0\r\n\r\n"u8);

    private int Receive(int filled)
    {
        if (filled == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var n = _socket.Receive(_buffer.AsSpan(filled));
        return n > 0 ? n : throw new InvalidOperationException("closed the connection in the middle of an answer");
    }
}
