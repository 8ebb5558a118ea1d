using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>An answer's bytes: ends a silence that is too long and an answer that is too big, and names a cut connection.</summary>
internal sealed class GuardedStream(Stream inner, ModelLimits limits, TimeProvider time) : Stream
{
    // One for the whole stream: pieces come by the thousand. Once it is cancelled, the stream is of no use any more.
    private readonly CancellationTokenSource _stop = new();
    private ITimer? _silence;
    private long _bytes;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _bytes;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int count;
        try
        {
            var reading = inner.ReadAsync(buffer, _stop.Token);
            count = reading.IsCompletedSuccessfully ? reading.Result : await WaitAsync(reading, cancellationToken);
        }
        catch (OperationCanceledException e) when (_stop.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new WireException(ModelErrorKind.TimedOut, $"sent nothing for {limits.Silence.TotalSeconds:0.#} s in the middle of its answer", e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new WireException(ModelErrorKind.BrokenStream, "closed the connection in the middle of its answer", e);
        }

        _bytes += count;
        return _bytes <= limits.AnswerBytes
            ? count
            : throw new WireException(ModelErrorKind.Invalid, $"sent an answer of more than {limits.AnswerBytes} bytes; it was cut off");
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("A blocking read could not be cancelled.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _silence?.Dispose();
            inner.Dispose();
            _stop.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> WaitAsync(ValueTask<int> reading, CancellationToken cancellationToken)
    {
        _silence ??= time.CreateTimer(static s => Stop((CancellationTokenSource)s!), _stop, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _silence.Change(limits.Silence, Timeout.InfiniteTimeSpan);
        using var caller = cancellationToken.UnsafeRegister(static s => Stop((CancellationTokenSource)s!), _stop);
        try
        {
            return await reading;
        }
        finally
        {
            _silence.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private static void Stop(CancellationTokenSource stop)
    {
        try
        {
            stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The timer fired while the stream was being closed.
        }
    }
}
