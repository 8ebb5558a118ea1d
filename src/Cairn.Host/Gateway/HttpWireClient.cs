using System.Buffers;
using System.Globalization;
using Cairn.Models;
using Microsoft.AspNetCore.Http;

namespace Cairn.Host;

/// <summary>An HTTP response as the place where an answer goes.</summary>
internal sealed class HttpWireClient(HttpContext context) : IWireClient
{
    /// <summary>The most bytes of an answer that wait until the call is over.</summary>
    private const int MaxHeld = 64 * 1024;

    private bool _isStream;

    public bool HasStarted { get; private set; }

    public void Start(int status, string contentType, TimeSpan? retryAfter)
    {
        HasStarted = true;
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        if (retryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            context.Response.Headers["retry-after-ms"] = Math.Ceiling(wait.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        }

        _isStream = contentType.StartsWith("text/event-stream", StringComparison.Ordinal);
        if (_isStream)
        {
            context.Response.Headers.CacheControl = "no-store";
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (!_isStream && bytes.Length <= MaxHeld)
        {
            // It comes in one piece, and leaves in one, together with its headers, when the call is on record.
            context.Response.ContentLength = bytes.Length;
            context.Response.BodyWriter.Write(bytes.Span);
            return;
        }

        await context.Response.BodyWriter.WriteAsync(bytes, cancellationToken);
    }

    public void Cut() => context.Abort();

    public async Task ErrorAsync(WireFormat format, int status, string message, TimeSpan? retryAfter, CancellationToken cancellationToken)
    {
        Start(status, "application/json", retryAfter);
        await WriteAsync(WireErrors.Body(format, status, message), cancellationToken);
    }
}
