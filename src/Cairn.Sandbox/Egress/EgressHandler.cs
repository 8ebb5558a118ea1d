using System.Net.Http.Headers;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Egress;

/// <summary>Sends the requests of a client of the host under a run's rules. It is noted when the answer begins: with what its head says of its size.</summary>
internal sealed class EgressHandler(EgressGate gate, HttpMessageInvoker http) : HttpMessageHandler
{
    /// <summary>The most bytes of one answer.</summary>
    private const long MaxBytes = 64 << 20;

    private const int MaxVerdict = 300;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var url = request.RequestUri;
        if (url is not { IsAbsoluteUri: true, Scheme: "http" or "https" } || NetworkRules.HostName(url.IdnHost) is not { } host)
        {
            throw new NetworkException(true, "Only http and https addresses can be asked.");
        }

        var verdict = NetworkAccess.Allowed;
        var received = 0L;
        try
        {
            var rule = gate.Admit(host, url.Port, request.Method.Method);
            request.Options.Set(EgressClient.RuleKey, rule);
            var secret = gate.Credential(rule);
            secret?.Add(request.Headers);
            var response = await http.SendAsync(request, cancellationToken);
            received = response.Content.Headers.ContentLength ?? 0;
            return Bounded(response, await response.Content.ReadAsStreamAsync(cancellationToken), secret);
        }
        catch (NetworkException e)
        {
            verdict = e.IsDenied ? e.Message : $"failed: {e.Message}";
            throw;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            verdict = (e.InnerException as NetworkException)?.Message ?? $"failed: {e.Message}";
            throw;
        }
        finally
        {
            gate.Note(host, url.Port, request.Method.Method, SafeText.Line(verdict, MaxVerdict), request.Content?.Headers.ContentLength ?? 0, received);
        }
    }

    private static HttpResponseMessage Bounded(HttpResponseMessage response, Stream body, AddedSecret? secret)
    {
        var content = new StreamContent(new BoundedStream(secret?.Masked(body) ?? body, MaxBytes));
        Copy(response.Content.Headers, content.Headers, secret);
        response.Content = content;
        if (secret is not null)
        {
            var head = response.Headers.NonValidated.ToList();
            response.Headers.Clear();
            foreach (var (name, values) in head)
            {
                response.Headers.TryAddWithoutValidation(name, values.Select(secret.Value.Masked));
            }

            response.ReasonPhrase = secret.Value.Masked(response.ReasonPhrase ?? "");
        }

        return response;
    }

    private static void Copy(HttpHeaders from, HttpHeaders to, AddedSecret? secret)
    {
        foreach (var (name, values) in from)
        {
            to.TryAddWithoutValidation(name, secret is { } hidden ? values.Select(hidden.Masked) : values);
        }
    }
}
