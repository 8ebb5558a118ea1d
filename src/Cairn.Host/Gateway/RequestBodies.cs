using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cairn.Host;

/// <summary>Reads bodies of requests within limits: of each, and of all that are held at once.</summary>
internal sealed class RequestBodies
{
    private const int FirstBuffer = 16 * 1024;
    private long _held;

    /// <summary>A body in memory; disposing it makes room for another one.</summary>
    public sealed class Held(RequestBodies owner, ReadOnlyMemory<byte> bytes, long counted) : IDisposable
    {
        public ReadOnlyMemory<byte> Bytes { get; } = bytes;

        public void Dispose() => Interlocked.Add(ref owner._held, -counted);
    }

    /// <summary>Reads a body.</summary>
    /// <returns>The body, or the status that says why there is none.</returns>
    public async Task<(Held? Body, int Status)> ReadAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = GatewayLimits.RequestBytes;
        }

        var length = context.Request.ContentLength;
        if (length > GatewayLimits.RequestBytes)
        {
            return (null, 413);
        }

        // Who does not say how much comes is counted with the most that may.
        var counted = length ?? GatewayLimits.RequestBytes;
        if (Interlocked.Add(ref _held, counted) > GatewayLimits.AllRequestBytes)
        {
            Interlocked.Add(ref _held, -counted);
            return (null, 503);
        }

        try
        {
            var bytes = await ReadAsync(context.Request.Body, (int?)length, context.RequestAborted);
            if (bytes is { } read)
            {
                return (new(this, read, counted), 200);
            }
        }
        catch
        {
            Interlocked.Add(ref _held, -counted);
            throw;
        }

        Interlocked.Add(ref _held, -counted);
        return (null, 413);
    }

    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(Stream body, int? length, CancellationToken cancellationToken)
    {
        var buffer = new byte[length ?? FirstBuffer];
        var at = 0;
        while (true)
        {
            if (at == buffer.Length)
            {
                if (length is not null)
                {
                    return buffer;
                }

                if (at >= GatewayLimits.RequestBytes)
                {
                    return null;
                }

                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, GatewayLimits.RequestBytes + 1));
            }

            var n = await body.ReadAsync(buffer.AsMemory(at), cancellationToken);
            if (n == 0)
            {
                return buffer.AsMemory(0, at);
            }

            at += n;
        }
    }
}
