using System.Collections.Immutable;
using System.Threading.Channels;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>Asks a model that is behind no HTTP (recorded, scripted, a consensus of several) and passes its answer on as it comes.</summary>
internal sealed class ModelStream(IModel model)
{
    /// <summary>Pieces that may wait for a slow client; the last of them carry the text of those that found no room.</summary>
    private const int MaxPieces = 1024;

    /// <exception cref="WireRequestException">When it holds what such a model cannot be told.</exception>
    public static ModelRequest Request(WireRequest request, ModelInfo info) => request.Messages.Any(m => m.Parts.Any(p => p.Kind == WirePartKind.Image))
        ? throw new WireRequestException($"{info.Id} takes no images here: name the model itself.", "messages")
        : new()
    {
        Model = info.Name,
        Messages = [.. request.Messages.SelectMany(Message)],
        Tools = [.. request.Tools.Select(t => new ToolDefinition(t.Name, t.Description, t.IsCustom ? JsonWriting.FreeTextSchema : t.Schema))],
        MaxOutputTokens = (int)Math.Min(request.MaxTokens ?? info.MaxOutputTokens, info.MaxOutputTokens),
        Temperature = request.Temperature ?? 0,
        TopP = request.TopP ?? 1,
        Seed = request.Seed,
        AnswerSchema = request.AnswerSchema is { } schema ? new(schema.Name, schema.Schema) : null,
    };

    /// <summary>Asks, and calls <paramref name="flush"/> whenever something was said.</summary>
    public async Task AskAsync(WireRequest request, IAnswerSink sink, Func<ValueTask> flush, CancellationToken cancellationToken)
    {
        var pieces = Channel.CreateBounded<string>(new BoundedChannelOptions(MaxPieces) { SingleReader = true });
        var shown = 0;
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asking = AskAsync(request, pieces.Writer, gone.Token);
        try
        {
            await foreach (var text in pieces.Reader.ReadAllAsync(cancellationToken))
            {
                if (shown == 0)
                {
                    sink.Begin(model.Info.Name);
                }

                shown += text.Length;
                sink.Text(text);
                await flush();
            }
        }
        finally
        {
            if (cancellationToken.IsCancellationRequested)
            {
                await gone.CancelAsync();
            }
        }

        Finish(await asking, sink, shown);
        await flush();
    }

    private async Task<ModelOutcome> AskAsync(WireRequest request, ChannelWriter<string> pieces, CancellationToken cancellationToken)
    {
        try
        {
            // Beside the reader: a model may tell all its pieces without ever giving up the thread.
            return await Task.Run(() => model.AskAsync(Request(request, model.Info), delta => _ = delta.Text.Length == 0 || pieces.TryWrite(delta.Text), cancellationToken), cancellationToken);
        }
        finally
        {
            pieces.Complete();
        }
    }

    private void Finish(ModelOutcome outcome, IAnswerSink sink, int shown)
    {
        if (outcome.Response is not { } answer)
        {
            var failure = outcome.Failure!;
            var status = Status(failure.Kind);
            sink.Fail(new(status, DecodedErrors.CodeOf(status), failure.Message));
            return;
        }

        sink.Begin(model.Info.Name);
        if (answer.Text.Length > shown)
        {
            sink.Text(answer.Text[shown..]);
        }

        foreach (var call in answer.ToolCalls)
        {
            sink.CallBegin(call.Id, call.Name, custom: false);
            sink.CallArguments(call.Arguments);
            sink.CallEnd();
        }

        sink.Usage(new(answer.Usage.InputTokens, answer.Usage.OutputTokens, answer.Usage.CachedInputTokens));
        sink.End(answer.Finish switch
        {
            FinishReason.ToolCalls => WireStop.Calls,
            FinishReason.Length => WireStop.Length,
            FinishReason.Refused => WireStop.Refused,
            _ => WireStop.Stop,
        });
    }

    public static int Status(ModelErrorKind kind) => kind switch
    {
        ModelErrorKind.RateLimited => 429,
        ModelErrorKind.Unauthorized => 502,
        ModelErrorKind.UnknownModel => 404,
        ModelErrorKind.TooLong => 413,
        ModelErrorKind.Invalid => 400,
        ModelErrorKind.TimedOut => 504,
        ModelErrorKind.BrokenStream => 502,
        _ => 503,
    };

    private static IEnumerable<ChatMessage> Message(WireTurn message)
    {
        if (message.Role == ChatRole.Tool)
        {
            return message.Parts.Select(p => new ChatMessage(ChatRole.Tool, Text(p.Content)) { ToolCallId = p.Id, IsError = p.IsError });
        }

        return
        [
            new ChatMessage(message.Role, Text(message.Parts))
            {
                ToolCalls = [.. message.Parts.Where(p => p.Kind == WirePartKind.Call).Select(p => new ModelToolCall(p.Id, p.Name, p.Arguments))],
            },
        ];
    }

    private static string Text(IEnumerable<WirePart> parts) => string.Concat(parts.Where(p => p.Kind == WirePartKind.Text).Select(p => p.Text));
}
