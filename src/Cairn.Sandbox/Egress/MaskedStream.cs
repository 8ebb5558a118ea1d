using Cairn.Abstractions;

namespace Cairn.Sandbox.Egress;

/// <summary>
/// An answer in which a secret that it repeats is masked: pages that show a request's headers are common, and what they show would
/// reach whoever asked. As many bytes come out as go in, so that what was said of their number stays true. Bytes are held back
/// only while they could be the beginning of the secret.
/// </summary>
internal sealed class MaskedStream(Stream inner, byte[] secret) : ReadingStream(inner)
{
    private const int BlockBytes = 32 * 1024;

    private readonly byte[] _block = new byte[BlockBytes + secret.Length];
    private int _start;
    private int _ready;
    private int _end;
    private bool _isOver;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        while (_start == _ready && !_isOver)
        {
            // What is held back goes to the front; the rest was given out.
            _block.AsSpan(_start, _end - _start).CopyTo(_block);
            (_start, _ready, _end) = (0, 0, _end - _start);
            var n = await Inner.ReadAsync(_block.AsMemory(_end), cancellationToken);
            _isOver = n == 0;
            _end += n;
            Mask();
        }

        var given = Math.Min(buffer.Length, _ready - _start);
        _block.AsMemory(_start, given).CopyTo(buffer);
        _start += given;
        return given;
    }

    private void Mask()
    {
        var all = _block.AsSpan(0, _end);
        for (var at = 0; all[at..].IndexOf(secret) is >= 0 and var found;)
        {
            all.Slice(at + found, secret.Length).Fill((byte)'*');
            at += found + secret.Length;
        }

        _ready = _isOver ? _end : _end - Beginning(all);
    }

    /// <summary>How many bytes at the end are the beginning of the secret.</summary>
    private int Beginning(ReadOnlySpan<byte> bytes)
    {
        for (var length = Math.Min(secret.Length - 1, bytes.Length); length > 0; length--)
        {
            if (bytes[^length..].SequenceEqual(secret.AsSpan(0, length)))
            {
                return length;
            }
        }

        return 0;
    }
}
