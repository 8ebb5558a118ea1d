using System.Globalization;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Models;
using Microsoft.AspNetCore.Http;

namespace Cairn.Host;

/// <summary>
/// The gateway of a daemon: who presents a virtual key may ask the models that it opens, in any of the three formats. What a
/// request may take at most is set aside before, what it took is settled after, and both bodies are recorded.
/// </summary>
internal sealed class ModelGateway(GatewayKeys keys, IModelChoice choice, IBlobStore blobs, TimeProvider time) : IDisposable
{
    private readonly RequestBodies _bodies = new();
    private readonly AnswerMemory _memory = new(GatewayLimits.KeptAnswers, GatewayLimits.KeptBytes);

    public async Task HandleAsync(HttpContext context)
    {
        var format = GatewayPaths.FormatOf(context.Request.Path);
        var client = new HttpWireClient(context);
        if (ClientHeaders.Secret(context.Request) is not { } secret || keys.Find(secret) is not { } key)
        {
            await client.ErrorAsync(format, 401, "No valid key: `cairn keys create` makes one. Present it as a bearer token, or as x-api-key.", null, context.RequestAborted);
            return;
        }

        if (context.Request.Path == GatewayPaths.Models)
        {
            var ids = key.Models.Count > 0 && !key.Models.Any(m => m.EndsWith('*')) ? key.Models : await choice.ListAsync(context.RequestAborted);
            client.Start(200, "application/json", null);
            await client.WriteAsync(ModelList.Of(ids.Where(key.Allows)), context.RequestAborted);
            return;
        }

        if (context.WebSockets.IsWebSocketRequest)
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var asking = new Asked(key, WireFormat.Responses, new Dictionary<string, string>(), ClientHeaders.Trace(context.Request), IsSocket: true);
            await new ResponsesSocket(socket, (message, wire, token) => AskAsync(asking, message, wire, token)).RunAsync(context.RequestAborted);
            return;
        }

        var (body, status) = await _bodies.ReadAsync(context);
        if (body is null)
        {
            await client.ErrorAsync(
                format, status, status == 413 ? $"The body is larger than {GatewayLimits.RequestBytes} bytes." : "The gateway holds as many requests as it can; come again.",
                status == 413 ? null : GatewayLimits.Busy, context.RequestAborted);
            return;
        }

        using (body)
        {
            var asked = new Asked(key, format, ClientHeaders.ToPass(context.Request), ClientHeaders.Trace(context.Request), IsCount: context.Request.Path == GatewayPaths.Count);
            await AskAsync(asked, body.Bytes, client, context.RequestAborted);
        }
    }

    public void Dispose() => keys.Dispose();

    private async Task AskAsync(Asked asked, ReadOnlyMemory<byte> body, IWireClient client, CancellationToken cancellationToken)
    {
        var (head, problem) = RequestHead.Read(body.Span);
        if (head is null)
        {
            await ErrorAsync(client, asked.Format, 400, problem!, null, cancellationToken);
            return;
        }

        var (backend, why) = await choice.ChooseAsync(new(head.Model, asked.Format, body.Length, asked.Key.Id), cancellationToken);
        if (backend is null)
        {
            await ErrorAsync(client, asked.Format, 404, why!, null, cancellationToken);
            return;
        }

        if (!asked.Key.Allows(backend.Info.Id))
        {
            await ErrorAsync(client, asked.Format, 403, $"Key {asked.Key.Id} may not ask {backend.Info.Id}; it may ask {string.Join(", ", asked.Key.Models)}.", null, cancellationToken);
            return;
        }

        var call = new WireCall(asked.Format, body, head) { Id = Guid.CreateVersion7().ToString("N", CultureInfo.InvariantCulture), At = time.GetUtcNow(), Headers = asked.Headers, Trace = asked.Trace };
        if (asked.IsCount)
        {
            await CountAsync(call, backend, client, cancellationToken);
            return;
        }

        var prepared = _memory.Prepare(call, backend, asked.Key.Id, asked.IsSocket);
        if (prepared is null)
        {
            await ErrorAsync(client, asked.Format, 400, $"There is no answer {SafeText.Line(head.Previous, 80)} here to go on from: send the whole conversation.", null, cancellationToken);
            return;
        }

        await SpendAsync(asked.Key, prepared, backend, client, cancellationToken);
    }

    private async Task SpendAsync(GatewayKey key, WireCall call, WireBackend backend, IWireClient client, CancellationToken cancellationToken)
    {
        var account = keys.AccountOf(key.Id);
        var (tokens, usd) = Estimate(call, backend.Info);
        if (key.BudgetUsd is not null && backend.Info.InputPrice is null && !backend.Info.Recorded)
        {
            await ErrorAsync(client, call.Format, 403, $"Key {key.Id} has a budget in dollars, and the price of {backend.Info.Id} is unknown.", null, cancellationToken);
            return;
        }

        if (account.TryReserve(key, tokens, usd) is { } refusal)
        {
            await ErrorAsync(client, call.Format, refusal.Wait is null ? 403 : 429, refusal.Reason, refusal.Wait, cancellationToken);
            return;
        }

        var start = time.GetTimestamp();
        using var span = new CallSpan(key.Id, backend.Info, call.Trace);
        WireOutcome? outcome = null;
        try
        {
            outcome = await new WireExchange(call, backend, client).RunAsync(cancellationToken);
        }
        finally
        {
            account.Settle(tokens, usd, outcome?.Usage.Total ?? 0, outcome?.CostUsd ?? 0);
        }

        span.End(outcome, time.GetElapsedTime(start));

        _memory.Keep(call, outcome, key.Id);

        // Before the client knows that its answer is whole: what it took for answered is on record.
        keys.Record(new(
            key.Id, call.At, call.Format.ToString(), backend.Info.Id, outcome.Status, blobs.Put(call.Body.Span),
            outcome.Sent.IsEmpty ? default : blobs.Put(outcome.Sent.Span), outcome.Usage, outcome.CostUsd, (long)time.GetElapsedTime(start).TotalMilliseconds)
        {
            Error = outcome.Error,
        });
    }

    /// <summary>What a request may take at most.</summary>
    internal static (long Tokens, decimal Usd) Estimate(WireCall call, ModelInfo info)
    {
        var input = TokenEstimate.UpperBound(call.Body.Length);
        var output = Math.Min(call.Head.MaxTokens ?? GatewayLimits.UsualAnswer, info.MaxOutputTokens);
        return (input + output, info.Cost(new(input, output)) ?? 0);
    }

    /// <summary>A provider's own count, or an upper bound where it has none.</summary>
    internal static async Task CountAsync(WireCall call, WireBackend backend, IWireClient client, CancellationToken cancellationToken)
    {
        var counted = await new WireExchange(call, backend, client).CountAsync(cancellationToken)
            ?? System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"input_tokens\":{TokenEstimate.UpperBound(call.Body.Length)}}}"));
        client.Start(200, "application/json", null);
        await client.WriteAsync(counted, cancellationToken);
    }

    private static async Task ErrorAsync(IWireClient client, WireFormat format, int status, string message, TimeSpan? retryAfter, CancellationToken cancellationToken)
    {
        client.Start(status, "application/json", retryAfter);
        await client.WriteAsync(WireErrors.Body(format, status, message), cancellationToken);
    }

    private sealed record Asked(GatewayKey Key, WireFormat Format, IReadOnlyDictionary<string, string> Headers, string? Trace, bool IsCount = false, bool IsSocket = false);
}
