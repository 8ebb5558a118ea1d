using System.Buffers;

namespace Cairn.Models;

/// <summary>
/// Lets server-sent events through as they become whole. A provider's connection that ends in the middle of one leaves no half of
/// it with the client, behind which the word of what went wrong could not be read. What is held is bounded by
/// <see cref="SseReader.MaxEventBytes"/>, because the bytes went through a reader before.
/// </summary>
internal sealed class WholeEvents
{
    private ArrayBufferWriter<byte>? _rest;

    /// <summary>What came of an event that is not whole.</summary>
    public ReadOnlyMemory<byte> Rest => _rest?.WrittenMemory ?? default;

    /// <summary>Sends what has become whole.</summary>
    /// <param name="block">The bytes that came.</param>
    /// <param name="send">Takes them; they are not to be kept.</param>
    /// <param name="cancellationToken">Given to <paramref name="send"/>.</param>
    public async ValueTask PassAsync(ReadOnlyMemory<byte> block, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> send, CancellationToken cancellationToken)
    {
        var isHeld = false;
        if (_rest is { WrittenCount: > 0 } rest)
        {
            isHeld = true;
            rest.Write(block.Span);
            block = rest.WrittenMemory;
        }

        var end = EndOfLast(block.Span);
        if (end > 0)
        {
            await send(block[..end], cancellationToken);
        }

        if (end < block.Length && (end > 0 || !isHeld))
        {
            var left = block[end..].ToArray();
            _rest ??= new(left.Length);
            _rest.ResetWrittenCount();
            _rest.Write(left);
        }
        else if (end == block.Length)
        {
            _rest?.ResetWrittenCount();
        }
    }

    /// <summary>Where the last blank line ends; 0 when there is none.</summary>
    private static int EndOfLast(ReadOnlySpan<byte> bytes) => bytes.EndsWith("\n\n"u8)
        ? bytes.Length
        : Math.Max(Math.Max(After(bytes, "\n\n"u8), After(bytes, "\n\r\n"u8)), After(bytes, "\r\r"u8));

    private static int After(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> mark) => bytes.LastIndexOf(mark) is >= 0 and var at ? at + mark.Length : 0;
}
