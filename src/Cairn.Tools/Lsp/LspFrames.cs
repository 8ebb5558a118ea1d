using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cairn.Tools.Lsp;

/// <summary>Messages as they stand in the stream: a header with the length, an empty line, JSON.</summary>
internal sealed class LspFrames(Stream stream)
{
    private const int BufferBytes = 64 * 1024;
    private const int MaxDepth = 128;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _from;
    private int _to;

    /// <summary>The bytes of one message.</summary>
    public static byte[] Of(JsonObject message)
    {
        var body = Encoding.UTF8.GetBytes(message.ToJsonString());
        var head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n\r\n"));
        return [.. head, .. body];
    }

    /// <summary>The next message with its size in bytes; null when the stream ended between two.</summary>
    /// <exception cref="LspFailure">When it is no message, or larger than the limit.</exception>
    public async Task<(JsonDocument Message, int Bytes)?> ReadAsync(CancellationToken cancellationToken)
    {
        if (await LengthAsync(cancellationToken) is not { } length)
        {
            return null;
        }

        if (length is < 0 or > LspLimits.MessageBytes)
        {
            throw new LspFailure($"it announces a message of {length:N0} bytes; at most {LspLimits.MessageBytes >> 20} MiB are read");
        }

        // What is announced is not believed: room is made for what has come.
        var body = new byte[Math.Min(length, BufferBytes)];
        for (var at = 0; at < length;)
        {
            if (_from == _to && !await FillAsync(cancellationToken))
            {
                throw new LspFailure("it ended in the middle of a message");
            }

            var n = (int)Math.Min(length - at, _to - _from);
            if (at + n > body.Length)
            {
                Array.Resize(ref body, (int)Math.Min(length, Math.Max(at + n, body.Length * 2L)));
            }

            _buffer.AsSpan(_from, n).CopyTo(body.AsSpan(at));
            (_from, at) = (_from + n, at + n);
        }

        try
        {
            return (JsonDocument.Parse(body.AsMemory(0, (int)length), new JsonDocumentOptions { MaxDepth = MaxDepth }), (int)length);
        }
        catch (JsonException e)
        {
            throw new LspFailure("it sent a message that is not JSON", e);
        }
    }

    private async Task<long?> LengthAsync(CancellationToken cancellationToken)
    {
        long? length = null;
        var line = new List<byte>();
        for (var total = 0; ; total++)
        {
            if (_from == _to && !await FillAsync(cancellationToken))
            {
                return total == 0 ? null : throw new LspFailure("it ended in the middle of a message");
            }

            if (total > LspLimits.HeaderBytes)
            {
                throw new LspFailure("what it prints are not messages of the protocol");
            }

            var next = _buffer[_from++];
            if (next != (byte)'\n')
            {
                line.Add(next);
                continue;
            }

            var text = line is [.., (byte)'\r'] ? line.GetRange(0, line.Count - 1) : line;
            if (text.Count == 0)
            {
                return length ?? throw new LspFailure("a message came without its length");
            }

            length = LengthIn(text) ?? length;
            line.Clear();
        }
    }

    private static long? LengthIn(List<byte> line)
    {
        var text = Encoding.Latin1.GetString([.. line]);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            throw new LspFailure("what it prints are not messages of the protocol");
        }

        if (!text.AsSpan(0, colon).Trim().Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var digits = Encoding.ASCII.GetBytes(text[(colon + 1)..].Trim());
        return Utf8Parser.TryParse(digits, out long value, out var used) && used == digits.Length && value >= 0
            ? value
            : throw new LspFailure("the length of a message is no number");
    }

    private async Task<bool> FillAsync(CancellationToken cancellationToken)
    {
        (_from, _to) = (0, await stream.ReadAsync(_buffer, cancellationToken));
        return _to > 0;
    }
}
