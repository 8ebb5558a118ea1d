using System.Globalization;
using Cairn.Models;
using Microsoft.AspNetCore.Http;

namespace Cairn.Host;

/// <summary>An HTTP response as the place where an answer goes.</summary>
internal sealed class HttpWireClient(HttpContext context) : IWireClient
{
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

        if (contentType.StartsWith("text/event-stream", StringComparison.Ordinal))
        {
            context.Response.Headers.CacheControl = "no-store";
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        await context.Response.BodyWriter.WriteAsync(bytes, cancellationToken);

    public void Cut() => context.Abort();

    public async Task ErrorAsync(WireFormat format, int status, string message, TimeSpan? retryAfter, CancellationToken cancellationToken)
    {
        Start(status, "application/json", retryAfter);
        await WriteAsync(WireErrors.Body(format, status, message), cancellationToken);
    }
}
