using System.Globalization;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>
/// The HTTP below an SDK: one place that bounds waits and sizes and that keeps what a refusal says (status, body,
/// Retry-After), which the SDKs keep in different and partial ways.
/// </summary>
internal sealed class GuardedHandler(HttpMessageHandler inner, ModelLimits limits, TimeProvider time) : DelegatingHandler(inner)
{
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(24);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var wait = new CancellationTokenSource(limits.FirstByte, time);
        using var caller = cancellationToken.UnsafeRegister(static w => ((CancellationTokenSource)w!).Cancel(), wait);
        try
        {
            var response = await base.SendAsync(request, wait.Token);
            return response.IsSuccessStatusCode
                ? await GuardAsync(response, wait.Token)
                : throw await RefusalAsync(response, wait.Token);
        }
        catch (OperationCanceledException e) when (wait.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new WireException(ModelErrorKind.TimedOut, $"did not begin to answer within {limits.FirstByte.TotalSeconds:0.#} s", e);
        }
        catch (HttpRequestException e)
        {
            throw new WireException(ModelErrorKind.Unavailable, Reason(e), e);
        }
        catch (IOException e)
        {
            throw new WireException(ModelErrorKind.Unavailable, "closed the connection before it answered", e);
        }
    }

    private static string Reason(HttpRequestException e) => e.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "cannot be reached: its host name does not resolve",
        HttpRequestError.ConnectionError => "cannot be reached: the connection was refused or no route leads there",
        HttpRequestError.SecureConnectionError => "cannot be reached: no secure connection could be made",
        HttpRequestError.ResponseEnded => "closed the connection before it answered",
        _ => "cannot be reached",
    };

    private async Task<HttpResponseMessage> GuardAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = new StreamContent(new GuardedStream(await response.Content.ReadAsStreamAsync(cancellationToken), limits, time));
        foreach (var header in response.Content.Headers)
        {
            body.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        response.Content = body;
        return response;
    }

    private async Task<WireException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using (response)
        {
            var status = (int)response.StatusCode;
            return new WireException(ModelErrorKind.Invalid, $"answered with HTTP {status}")
            {
                Status = status,
                Body = await BodyAsync(response, cancellationToken),
                RetryAfter = RetryAfter(response),
            };
        }
    }

    private static async Task<string> BodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[WireException.MaxBodyBytes];
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            var count = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return Encoding.UTF8.GetString(buffer, 0, count);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return ""; // The status alone still says what to do.
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        TimeSpan? wait = response.Headers.TryGetValues("retry-after-ms", out var exact)
            && double.TryParse(exact.FirstOrDefault(), NumberStyles.Float, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds <= LongestRetryAfter.TotalMilliseconds
                ? TimeSpan.FromMilliseconds(milliseconds)
                : response.Headers.RetryAfter switch
                {
                    { Delta: { } delta } => delta,
                    { Date: { } date } => date - time.GetUtcNow(),
                    _ => null,
                };
        return wait is { } value && value >= TimeSpan.Zero && value <= LongestRetryAfter ? value : null;
    }
}
