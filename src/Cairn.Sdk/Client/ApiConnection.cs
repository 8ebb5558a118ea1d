using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Cairn.Sdk;

/// <summary>Requests to a daemon, and its errors as exceptions.</summary>
internal sealed class ApiConnection : IDisposable
{
    private readonly HttpClient _client;
    private readonly string _where;

    private ApiConnection(SocketsHttpHandler handler, Uri address, string where, string? token)
    {
        // A proxy of the environment has no business between two processes of one machine.
        handler.UseProxy = false;
        handler.AllowAutoRedirect = false;
        handler.UseCookies = false;
        _client = new HttpClient(handler) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        _where = where;
        if (token is not null)
        {
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    public static ApiConnection OverSocket(string path) => new(
        new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), token);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        },
        new Uri("http://localhost/"), path, null);

    public static ApiConnection OverTcp(Uri address, string token) => new(new SocketsHttpHandler(), address, address.ToString(), token);

    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(new(HttpMethod.Get, path), HttpCompletionOption.ResponseContentRead, cancellationToken);
        return await ReadAsync(response, type, cancellationToken);
    }

    public async Task<string> TextAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(new(HttpMethod.Get, path), HttpCompletionOption.ResponseContentRead, cancellationToken);
        return System.Text.Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(cancellationToken));
    }

    public async Task<T> PostAsync<TBody, T>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(body, bodyType);
        using var response = await SendAsync(new(HttpMethod.Post, path) { Content = content }, HttpCompletionOption.ResponseContentRead, cancellationToken);
        return await ReadAsync(response, type, cancellationToken);
    }

    public async Task<T> PostAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(new(HttpMethod.Post, path), HttpCompletionOption.ResponseContentRead, cancellationToken);
        return await ReadAsync(response, type, cancellationToken);
    }

    /// <summary>Opens a stream of events.</summary>
    public Task<HttpResponseMessage> OpenAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(new(HttpMethod.Get, path), HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpCompletionOption until, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await _client.SendAsync(request, until, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new DaemonGoneException($"The daemon at {_where} does not answer: {e.Message} It may have stopped; `cairn serve` starts it again, and runs go on.", e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var problem = await ProblemAsync(response, cancellationToken);
            throw response.StatusCode switch
            {
                HttpStatusCode.NotFound => new NotFoundException(problem),
                HttpStatusCode.Conflict => new ConflictException(problem),
                HttpStatusCode.InternalServerError or HttpStatusCode.InsufficientStorage => new IOException(problem),
                _ => new CairnException(problem),
            };
        }
    }

    private static async Task<string> ProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return (await response.Content.ReadFromJsonAsync(ClientJson.Default.ApiProblem, cancellationToken))?.Detail ?? $"The daemon says {response.StatusCode}.";
        }
        catch (JsonException)
        {
            return $"The daemon says {(int)response.StatusCode} {response.ReasonPhrase}.";
        }
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        await response.Content.ReadFromJsonAsync(type, cancellationToken) ?? throw new CairnException("The daemon's answer is empty.");
}

/// <summary>The daemon went away, or was never there.</summary>
public sealed class DaemonGoneException(string message, Exception? inner = null) : CairnException(message, inner);
