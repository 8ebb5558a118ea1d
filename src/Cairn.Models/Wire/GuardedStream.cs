using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>An answer's bytes: ends a silence that is too long and an answer that is too big, and names a cut connection.</summary>
internal sealed class GuardedStream(Stream inner, ModelLimits limits, TimeProvider time) : ReadingStream(inner)
{
    private long _bytes;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var silence = new CancellationTokenSource(limits.Silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
        int count;
        try
        {
            count = await Inner.ReadAsync(buffer, either.Token);
        }
        catch (OperationCanceledException e) when (silence.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
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
}
