using System.Collections.Concurrent;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>
/// Answers from a file. Which entry answers is decided by the number of assistant messages in the request, not by a
/// counter: so a run that was killed, resumed, rolled back or forked gets the answers that belong to its history.
/// </summary>
internal sealed class RecordedModel(ModelInfo info, RecordedFile file, TimeProvider time) : IModel
{
    private const int CharactersPerToken = 4;
    private const int PieceLength = 24;
    private const int MaxShown = 400;

    // Only played faults count, and only within this process.
    private readonly ConcurrentDictionary<int, int> _faultsPlayed = new();

    public ModelInfo Info => info;

    public async Task<ModelOutcome> AskAsync(ModelRequest request, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var index = request.Messages.Count(m => m.Role == ChatRole.Assistant);
        if (index >= file.Answers.Length)
        {
            return ModelOutcome.Failed(ModelErrorKind.Invalid, $"{info.Id} has {file.Answers.Length} answers, and the conversation wants answer {index + 1}.");
        }

        var answer = file.Answers[index];
        if (Unexpected(request, answer, index) is { } mismatch)
        {
            return ModelOutcome.Failed(ModelErrorKind.Invalid, mismatch);
        }

        if (answer.Fault is { } fault && _faultsPlayed.AddOrUpdate(index, 1, (_, n) => n < int.MaxValue ? n + 1 : n) <= fault.Times)
        {
            if (fault.Kind == ModelErrorKind.BrokenStream)
            {
                await StreamAsync(answer with { Text = answer.Text[..(answer.Text.Length / 2)], ToolCalls = [] }, onDelta, cancellationToken);
            }

            return ModelOutcome.Failed(fault.Kind, $"{info.Id} plays the error '{fault.Kind}' in entry {index + 1}.", fault.RetryAfter);
        }

        await StreamAsync(answer, onDelta, cancellationToken);
        var usage = answer.Usage ?? Estimate(request, answer);
        return ModelOutcome.Answered(new ModelResponse
        {
            Text = answer.Text,
            ToolCalls = answer.ToolCalls,
            Finish = answer.Finish,
            Usage = usage,
            CostUsd = info.Cost(usage),
            Model = info.Name,
        });
    }

    private string? Unexpected(ModelRequest request, RecordedAnswer answer, int index)
    {
        if (answer.Expect.IsEmpty)
        {
            return null;
        }

        var last = request.Messages.ToList().FindLastIndex(m => m.Role == ChatRole.Assistant);
        var came = string.Join('\n', request.Messages.Skip(last + 1).Select(m => m.Text));
        foreach (var expected in answer.Expect)
        {
            if (!came.Contains(expected, StringComparison.Ordinal))
            {
                var shown = came.Length <= MaxShown ? came : "…" + came[^MaxShown..];
                return $"{info.Id}, entry {index + 1}: the last messages should hold '{expected}', but they are: {shown}";
            }
        }

        return null;
    }

    private async Task StreamAsync(RecordedAnswer answer, Action<ModelDelta>? onDelta, CancellationToken cancellationToken)
    {
        if (onDelta is null)
        {
            return;
        }

        var at = 0;
        while (at < answer.Text.Length)
        {
            var end = Math.Min(at + PieceLength, answer.Text.Length);
            if (end < answer.Text.Length && char.IsHighSurrogate(answer.Text[end - 1]))
            {
                end++; // A character is never cut in half.
            }

            await PauseAsync(answer.StreamDelay, cancellationToken);
            onDelta(new(answer.Text[at..end]));
            at = end;
        }

        foreach (var call in answer.ToolCalls)
        {
            await PauseAsync(answer.StreamDelay, cancellationToken);
            onDelta(new("", call.Name));
        }
    }

    private async Task PauseAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, time, cancellationToken);
        }
    }

    private static ModelUsage Estimate(ModelRequest request, RecordedAnswer answer)
    {
        var input = request.Messages.Sum(m => (long)m.Text.Length + m.ToolCalls.Sum(c => c.Name.Length + c.Arguments.Length))
            + request.Tools.Sum(t => (long)t.Name.Length + t.Description.Length + t.Schema.Length);
        var output = answer.Text.Length + answer.ToolCalls.Sum(c => (long)c.Name.Length + c.Arguments.Length);
        return new(Tokens(input), Tokens(output));
    }

    private static long Tokens(long characters) => (characters + CharactersPerToken - 1) / CharactersPerToken;
}
