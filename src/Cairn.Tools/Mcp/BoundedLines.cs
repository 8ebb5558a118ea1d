namespace Cairn.Tools.Mcp;

/// <summary>A server's output on its way to the reader of messages: a line that never ends must not fill the host's memory.</summary>
internal sealed class BoundedLines(Stream inner, int maxLineBytes) : Stream
{
    private int _line;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>A message was longer than the limit; nothing was read after it.</summary>
    public bool IsExceeded { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (IsExceeded)
        {
            return 0;
        }

        var n = await inner.ReadAsync(buffer, cancellationToken);
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

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous reads.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
