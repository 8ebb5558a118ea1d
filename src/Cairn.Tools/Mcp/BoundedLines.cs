using Cairn.Abstractions;

namespace Cairn.Tools.Mcp;

/// <summary>A server's output on its way to the reader of messages: a line that never ends must not fill the host's memory.</summary>
internal sealed class BoundedLines(Stream inner, int maxLineBytes) : ReadingStream(inner)
{
    private int _line;

    /// <summary>A message was longer than the limit; nothing was read after it.</summary>
    public bool IsExceeded { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (IsExceeded)
        {
            return 0;
        }

        var n = await Inner.ReadAsync(buffer, cancellationToken);
        foreach (var b in buffer.Span[..n])
        {
            _line = b == (byte)'\n' ? 0 : _line + 1;
            if (_line > maxLineBytes)
            {
                // To the reader the server has gone, and that is what becomes of it.
                IsExceeded = true;
                return 0;
            }
        }

        return n;
    }
}
