using System.Net;
using System.Net.Sockets;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Egress;

/// <summary>Fetches URLs for the host's own tools under a run's rules; TLS ends here, so methods and secrets hold for https too.</summary>
internal sealed class EgressClient : IDisposable
{
    private const int MaxHeaderKilobytes = 64;
    internal static readonly HttpRequestOptionsKey<NetworkRule> RuleKey = new("rule");

    private readonly EgressGate _gate;
    private readonly HttpMessageInvoker _http;
    private readonly Lazy<EgressHandler> _handler;

    /// <summary>For clients of the host that send requests of their own.</summary>
    public HttpMessageHandler Handler => _handler.Value;

    public EgressClient(EgressGate gate)
    {
        _gate = gate;
        _handler = new(() => new EgressHandler(gate, _http!));
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.All,
            MaxResponseHeadersLength = MaxHeaderKilobytes,

            // A connection that was decided on for one request is not kept for another.
            PooledConnectionLifetime = TimeSpan.Zero,
            ConnectCallback = DialAsync,
        });
    }

    public async Task<NetworkAnswer> GetAsync(Uri url, int maxBytes, CancellationToken cancellationToken)
    {
        if (url is not { IsAbsoluteUri: true, Scheme: "http" or "https" } || NetworkRules.HostName(url.IdnHost) is not { } host)
        {
            throw new NetworkException(true, "Only http and https URLs can be fetched.");
        }

        var verdict = NetworkAccess.Allowed;
        var received = 0L;
        try
        {
            var rule = _gate.Admit(host, url.Port, "GET");
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Options.Set(RuleKey, rule);
            request.Headers.TryAddWithoutValidation("User-Agent", "cairn");
            request.Headers.TryAddWithoutValidation("Accept", "text/html, text/*;q=0.9, application/json;q=0.9, */*;q=0.1");
            var secret = _gate.Credential(rule);
            secret?.Add(request.Headers);
            using var response = await _http.SendAsync(request, cancellationToken);
            var (body, isCut) = await ReadAsync(response.Content, secret, maxBytes, cancellationToken);
            received = body.Length;
            var type = response.Content.Headers.ContentType;
            var location = (int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } to ? new Uri(url, secret?.Masked(to.OriginalString) ?? to.OriginalString) : null;
            return new((int)response.StatusCode, type?.MediaType ?? "", type?.CharSet, body, isCut, location);
        }
        catch (NetworkException e)
        {
            verdict = e.IsDenied ? e.Message : $"failed: {e.Message}";
            throw;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidDataException)
        {
            if (e.InnerException is NetworkException inner)
            {
                verdict = inner.IsDenied ? inner.Message : $"failed: {inner.Message}";
                throw inner;
            }

            verdict = $"failed: {e.Message}";
            throw new NetworkException(false, $"{host}:{url.Port}: {e.Message}", e);
        }
        finally
        {
            _gate.Note(host, url.Port, "GET", SafeText.Line(verdict, 300), 0, received);
        }
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<Stream> DialAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (!context.InitialRequestMessage.Options.TryGetValue(RuleKey, out var rule))
        {
            throw new NetworkException(true, "a connection that nobody decided on");
        }

        var host = NetworkRules.HostName(context.DnsEndPoint.Host) ?? throw new NetworkException(true, "the host has no valid name");
        return new NetworkStream(await _gate.DialAsync(rule, host, context.DnsEndPoint.Port, cancellationToken), ownsSocket: true);
    }

    // Counted after decompression: a small answer that grows to gigabytes is cut all the same.
    private static async Task<(byte[] Body, bool IsCut)> ReadAsync(HttpContent content, AddedSecret? secret, int maxBytes, CancellationToken cancellationToken)
    {
        var sent = await content.ReadAsStreamAsync(cancellationToken);
        await using var stream = secret?.Masked(sent) ?? sent;
        using var body = new MemoryStream();
        var block = new byte[32 * 1024];
        int n;
        while ((n = await stream.ReadAsync(block, cancellationToken)) > 0)
        {
            var room = maxBytes - (int)body.Length;
            body.Write(block, 0, Math.Min(n, room));
            if (n > room)
            {
                return (body.ToArray(), true);
            }
        }

        return (body.ToArray(), false);
    }
}
