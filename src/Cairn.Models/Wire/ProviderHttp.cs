using System.Net;

namespace Cairn.Models;

/// <summary>Makes the one HTTP client that both SDKs send through.</summary>
internal static class ProviderHttp
{
    public static HttpClient Create(ProviderEndpoint endpoint, ModelCatalogOptions options)
    {
        var transport = options.Handler ?? new SocketsHttpHandler
        {
            // A redirect would carry the key to wherever the answer points.
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.All,
            UseProxy = !endpoint.Address.IsLoopback,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(15),
        };
        return new HttpClient(new GuardedHandler(transport, options.Limits, options.Time), disposeHandler: options.Handler is null)
        {
            Timeout = Timeout.InfiniteTimeSpan, // The handler bounds each wait; a long answer is no fault.
        };
    }
}
