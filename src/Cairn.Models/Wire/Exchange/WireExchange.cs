using System.Buffers;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>
/// Carries one request to a model and its answer back. Where client and provider speak the same format the bytes pass as they
/// are, and are read beside; else both are translated while they stream. One attempt: who retries is the client's business,
/// so nothing is asked twice behind its back. An answer that was cut off is never passed on as whole.
/// </summary>
public sealed class WireExchange(WireCall call, WireBackend backend, IWireClient client)
{
    /// <summary>Pieces of a stream are small, and many streams are open at once.</summary>
    private const int ReadBytes = 4 * 1024;

    private const int WholeBytes = 16 * 1024;
    private const string EventStream = "text/event-stream";
    private const string Json = "application/json";

    private readonly WireAnswer _answer = new();
    private readonly ArrayBufferWriter<byte> _sent = new(1024);
    private int _status;
    private string _contentType = Json;
    private TimeSpan? _retryAfter;
    private List<WireTurn>? _turns;

    /// <summary>Does it. Only a cancelled token throws; what the client is told is in the outcome.</summary>
    public async Task<WireOutcome> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await (backend.Speaks(call.Format) && call.Before.Count == 0 && !call.IsSocket
                ? PassAsync(cancellationToken)
                : TranslateAsync(cancellationToken));
        }
        catch (WireRequestException e)
        {
            await RefuseAsync(new(400, "invalid_request_error", e.Message), cancellationToken);
        }
        catch (WireException e) when (!cancellationToken.IsCancellationRequested)
        {
            await BrokenAsync(e, cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or System.Text.Json.JsonException && !cancellationToken.IsCancellationRequested)
        {
            await BrokenAsync(new(ModelErrorKind.BrokenStream, $"sent an answer that cannot be read ({e.Message})", e), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Outcome() with { ClientLeft = true, Response = null, Error = _answer.IsWhole ? null : "The client left before the answer was complete." };
        }
        catch (IOException e)
        {
            // The client's end: the provider's failures come as WireException.
            return Outcome() with { ClientLeft = true, Response = null, Error = $"The client left: {e.Message}" };
        }

        return Outcome();
    }

    /// <summary>Counts the tokens of a request where its provider can; null where it cannot.</summary>
    public async Task<byte[]?> CountAsync(CancellationToken cancellationToken)
    {
        if (!backend.Speaks(WireFormat.Messages) || call.Format != WireFormat.Messages)
        {
            return null;
        }

        try
        {
            using var reply = await backend.SendAsync(WireFormat.Messages, call.Head.Rewrite(call.Body, backend.Info.Name, usage: false), call.Headers, count: true, cancellationToken);
            return await reply.Content.ReadAsByteArrayAsync(cancellationToken);
        }
        catch (WireException)
        {
            return null;
        }
    }

    private async Task PassAsync(CancellationToken cancellationToken)
    {
        var hidesUsage = call.Format == WireFormat.Chat && call.Head is { IsStream: true, WantsUsage: false };
        var body = call.Head.Rewrite(call.Body, backend.Info.Name, usage: call.Format == WireFormat.Chat);
        using var reply = await backend.SendAsync(call.Format, body, call.Headers, count: false, cancellationToken);
        var type = reply.Content.Headers.ContentType?.ToString() ?? Json;
        var streams = type.StartsWith(EventStream, StringComparison.OrdinalIgnoreCase);
        await using var stream = await reply.Content.ReadAsStreamAsync(cancellationToken);
        var decoder = WireCodec.Decoder(call.Format, _answer);
        if (!streams)
        {
            await PassWholeAsync(stream, decoder, type, cancellationToken);
            return;
        }

        Start(200, type);
        var events = hidesUsage ? new ArrayBufferWriter<byte>(1024) : null;
        var whole = new WholeEvents();
        var sse = new SseReader(data =>
        {
            decoder.Add(data);
            if (events is not null && !UsageChunk.Is(data.Span))
            {
                events.Write("data: "u8);
                events.Write(data.Span);
                events.Write("\n\n"u8);
            }
        });
        var block = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            int n;
            while ((n = await stream.ReadAsync(block.AsMemory(0, ReadBytes), cancellationToken)) > 0)
            {
                sse.Feed(block.AsSpan(0, n));
                if (events is null)
                {
                    await whole.PassAsync(block.AsMemory(0, n), SendAsync, cancellationToken);
                }
                else
                {
                    await SendAsync(events.WrittenMemory, cancellationToken);
                    events.ResetWrittenCount();
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }

        decoder.Complete();
        if (ReferenceEquals(_answer.Error, WireError.Cut))
        {
            await SendAsync(WireCodec.ErrorEvent(call.Format, WireError.Cut), cancellationToken);
            client.Cut();
        }
        else
        {
            await SendAsync(whole.Rest, cancellationToken);
        }
    }

    private async Task PassWholeAsync(Stream stream, IAnswerDecoder decoder, string type, CancellationToken cancellationToken)
    {
        using var whole = new MemoryStream();
        await stream.CopyToAsync(whole, WholeBytes, cancellationToken);
        var bytes = whole.GetBuffer().AsMemory(0, (int)whole.Length);
        decoder.Add(bytes);
        decoder.Complete();
        if (_answer.Error is { } error)
        {
            // It said 200 and sent no answer: the client must not believe it.
            await RefuseAsync(ReferenceEquals(error, WireError.Cut) ? error with { Message = "The provider's answer is not complete." } : error, cancellationToken);
            return;
        }

        Start(200, type);
        await SendAsync(bytes, cancellationToken);
    }

    private async Task TranslateAsync(CancellationToken cancellationToken)
    {
        var request = WireCodec.Read(call.Format, call.Body);
        if (call.Before.Count > 0)
        {
            var leading = request.Messages.TakeWhile(m => m.Role == ChatRole.System).Count();
            request.Messages.InsertRange(leading, call.Before);
        }

        foreach (var turn in request.Messages)
        {
            for (var i = 0; i < turn.Parts.Count; i++)
            {
                turn.Parts[i] = turn.Parts[i] is { Kind: WirePartKind.Reference } named
                    ? call.Item(named.Id) ?? throw new WireRequestException($"There is no item {SafeText.Line(named.Id, 80)} here: send it whole.", "input")
                    : turn.Parts[i];
            }
        }

        _turns = request.Messages;
        var frame = new AnswerFrame(
            call.Id, call.At.ToUnixTimeSeconds(), call.Head.Model.Length > 0 ? call.Head.Model : backend.Info.Name,
            request.Tools.Where(t => t.IsCustom).Select(t => t.Name).ToHashSet(StringComparer.Ordinal));
        var output = new ArrayBufferWriter<byte>(ReadBytes);
        var sink = call.IsSocket ? new TeeSink(_answer, new ResponsesEncoder(frame, SocketText(output)))
            : request.IsStream ? new TeeSink(_answer, WireCodec.Encoder(call.Format, frame, request.WantsUsage, output))
            : (IAnswerSink)_answer;
        var isStream = request.IsStream || call.IsSocket;
        await AskAsync(request, sink, () => FlushAsync(output, cancellationToken), cancellationToken);
        if (_answer.Error is { } error)
        {
            if (_status == 0)
            {
                await RefuseAsync(error, cancellationToken);
                return;
            }

            await FlushAsync(output, cancellationToken);
            client.Cut();
        }
        else if (isStream)
        {
            await FlushAsync(output, cancellationToken);
        }
        else
        {
            Start(200, Json);
            await SendAsync(WireCodec.Whole(call.Format, frame, _answer), cancellationToken);
        }
    }

    private async Task AskAsync(WireRequest request, IAnswerSink sink, Func<ValueTask> flush, CancellationToken cancellationToken)
    {
        if (backend.Native is not { } native)
        {
            await new ModelStream(backend.Model).AskAsync(request, sink, flush, cancellationToken);
            return;
        }

        var body = WireCodec.Write(native, request, backend.Info.Name, backend.Info.MaxOutputTokens);
        using var reply = await backend.SendAsync(native, body, new Dictionary<string, string>(), count: false, cancellationToken);
        await using var stream = await reply.Content.ReadAsStreamAsync(cancellationToken);
        var decoder = WireCodec.Decoder(native, sink);
        var sse = new SseReader(decoder.Add);
        var block = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            int n;
            while ((n = await stream.ReadAsync(block.AsMemory(0, ReadBytes), cancellationToken)) > 0)
            {
                sse.Feed(block.AsSpan(0, n));
                if (_answer.Error is null || _status != 0)
                {
                    await flush();
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }

        decoder.Complete();
    }

    private static Action<string, Action<System.Text.Json.Utf8JsonWriter>> SocketText(ArrayBufferWriter<byte> output) => (_, body) =>
    {
        // One event, one line: the socket sends each as a message of its own.
        using var json = new System.Text.Json.Utf8JsonWriter(output, JsonWriting.Options);
        body(json);
        json.Flush();
        output.Write("\n"u8);
    };

    private async ValueTask FlushAsync(ArrayBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        // An error before the first word is an error of the request, not of the stream.
        if (output.WrittenCount == 0 || (_status == 0 && _answer.Error is not null))
        {
            return;
        }

        if (_status == 0)
        {
            Start(200, EventStream);
        }

        await SendAsync(output.WrittenMemory, cancellationToken);
        output.ResetWrittenCount();
    }

    /// <summary>The provider's failure, before or in the middle of an answer.</summary>
    private async Task BrokenAsync(WireException e, CancellationToken cancellationToken)
    {
        _retryAfter = e.RetryAfter;
        if (_status != 0)
        {
            var cut = new WireError(502, "api_error", $"The model's answer was cut off: {backend.Info.Provider} {e.Message}.");
            _answer.Fail(cut);
            await SendAsync(call.IsSocket ? [.. WireCodec.Error(call.Format, cut), (byte)'\n'] : WireCodec.ErrorEvent(call.Format, cut), cancellationToken);
            client.Cut();
            return;
        }

        if (e.Status == 0)
        {
            var status = ModelStream.Status(e.Kind);
            await RefuseAsync(new(status, DecodedErrors.CodeOf(status), $"{backend.Info.Provider} {e.Message}."), cancellationToken);
            return;
        }

        var error = DecodedErrors.Of(ErrorBody.Parse(e.Body), e.Status);
        if (e.Status is 401 or 403)
        {
            // The provider's key is the operator's, not the client's: what it says of it is not for the client.
            error = new(502, "api_error", $"{backend.Info.Provider} does not accept the gateway's own key (HTTP {e.Status}).");
        }
        else if (backend.Speaks(call.Format) && e.Body.Length > 0 && !call.IsSocket)
        {
            _answer.Fail(error);
            Start(e.Status, Json);
            await SendAsync(System.Text.Encoding.UTF8.GetBytes(e.Body), cancellationToken);
            return;
        }

        await RefuseAsync(error, cancellationToken);
    }

    private async Task RefuseAsync(WireError error, CancellationToken cancellationToken)
    {
        _answer.Fail(error);
        Start(error.Status, Json);
        await SendAsync(WireCodec.Error(call.Format, error), cancellationToken);
    }

    private void Start(int status, string contentType)
    {
        (_status, _contentType) = (status, contentType);
        client.Start(status, contentType, _retryAfter);
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (!bytes.IsEmpty)
        {
            _sent.Write(bytes.Span);
            await client.WriteAsync(bytes, cancellationToken);
        }
    }

    private WireOutcome Outcome() => new(_status, _answer.IsWhole ? _answer.ToResponse() : null, _answer.Error?.Message)
    {
        Sent = _sent.WrittenMemory,
        Turns = _turns is null || !_answer.IsWhole ? null : [.. _turns.SkipWhile(t => t.Role == ChatRole.System), new(ChatRole.Assistant, _answer.Parts)],
        ContentType = _contentType,
        Usage = new(_answer.Usage.Input, _answer.Usage.Output, _answer.Usage.Cached),
        CostUsd = backend.Cost(_answer.Usage) ?? 0,
        RetryAfter = _retryAfter,
        Kind = _answer.Error is null ? null : _status switch
        {
            429 => ModelErrorKind.RateLimited,
            404 => ModelErrorKind.UnknownModel,
            413 => ModelErrorKind.TooLong,
            >= 400 and < 500 => ModelErrorKind.Invalid,
            200 => ModelErrorKind.BrokenStream,
            _ => ModelErrorKind.Unavailable,
        },
    };
}
