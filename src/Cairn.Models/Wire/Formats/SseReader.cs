using System.Buffers;

namespace Cairn.Models;

/// <summary>Takes server-sent events apart as their bytes arrive, wherever these are cut.</summary>
internal sealed class SseReader(Action<ReadOnlyMemory<byte>> onData)
{
    /// <summary>The most bytes of one event.</summary>
    public const int MaxEventBytes = 16 * 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _line = new(1024);
    private ArrayBufferWriter<byte>? _data;
    private bool _afterReturn;

    /// <exception cref="InvalidDataException">When an event is larger than <see cref="MaxEventBytes"/>.</exception>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_afterReturn && bytes[0] == '\n')
            {
                bytes = bytes[1..];
            }

            _afterReturn = false;
            var end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            if (end < 0)
            {
                Keep(_line, bytes);
                return;
            }

            _afterReturn = bytes[end] == '\r';
            Keep(_line, bytes[..end]);
            bytes = bytes[(end + 1)..];
            Line();
            _line.ResetWrittenCount();
        }
    }

    private void Line()
    {
        var line = _line.WrittenSpan;
        if (line.IsEmpty)
        {
            if (_data is { WrittenCount: > 0 } data)
            {
                onData(data.WrittenMemory);
                data.ResetWrittenCount();
            }

            return;
        }

        if (line.StartsWith("data:"u8))
        {
            var value = line[5..];
            _data ??= new ArrayBufferWriter<byte>(1024);
            if (_data.WrittenCount > 0)
            {
                Keep(_data, "\n"u8);
            }

            Keep(_data, value.StartsWith(" "u8) ? value[1..] : value);
        }
    }

    private static void Keep(ArrayBufferWriter<byte> buffer, ReadOnlySpan<byte> bytes)
    {
        if (buffer.WrittenCount + bytes.Length > MaxEventBytes)
        {
            throw new InvalidDataException($"an event of more than {MaxEventBytes} bytes");
        }

        buffer.Write(bytes);
    }
}
