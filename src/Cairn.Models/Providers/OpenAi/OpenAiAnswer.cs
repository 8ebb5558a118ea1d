using System.Collections.Immutable;
using System.Text;
using Cairn.Abstractions;
using OpenAI.Chat;

namespace Cairn.Models;

/// <summary>An answer while its chunks arrive.</summary>
internal sealed class OpenAiAnswer(Action<ModelDelta>? onDelta)
{
    /// <summary>The most tokens whose log-probabilities are kept.</summary>
    private const int MaxLogprobs = 100_000;

    private readonly StringBuilder _text = new();
    private readonly List<Call> _calls = [];
    private readonly ImmutableArray<TokenLogprob>.Builder _logprobs = ImmutableArray.CreateBuilder<TokenLogprob>();
    private ModelUsage _usage;
    private FinishReason? _finish;
    private bool _refused;
    private string _model = "";

    /// <summary>The error that some servers send in the middle of a stream, in place of a chunk.</summary>
    public static ErrorBody? Error(StreamingChatCompletionUpdate update)
    {
#pragma warning disable SCME0001 // What the SDK has no property for is only found in the patch.
        return update.Patch.TryGetJson("$.error"u8, out var error) && !error.Span.SequenceEqual("null"u8)
            ? ErrorBody.Parse($"{{\"error\":{Encoding.UTF8.GetString(error.Span)}}}")
            : null;
#pragma warning restore SCME0001
    }

    public void Add(StreamingChatCompletionUpdate update)
    {
        if (update.Model is { Length: > 0 } model)
        {
            _model = model;
        }

        foreach (var part in update.ContentUpdate)
        {
            Show(part.Text);
        }

        foreach (var token in update.ContentTokenLogProbabilities ?? [])
        {
            if (_logprobs.Count < MaxLogprobs)
            {
                _logprobs.Add(new(token.Token, token.LogProbability));
            }
        }

        if (update.RefusalUpdate is { Length: > 0 } refusal)
        {
            _refused = true;
            Show(refusal);
        }

        foreach (var fragment in update.ToolCallUpdates)
        {
            Add(fragment);
        }

        if (update.FinishReason is { } finish)
        {
            _finish = Finish(finish);
        }

        if (update.Usage is { } usage)
        {
            _usage = new(usage.InputTokenCount, usage.OutputTokenCount, usage.InputTokenDetails?.CachedTokenCount ?? 0);
        }
    }

    /// <summary>The whole answer; null when the stream ended without saying why.</summary>
    public ModelResponse? Complete()
    {
        if (_finish is not { } finish)
        {
            return null;
        }

        var calls = _calls.Select((call, i) => call.Build(i));
        if (finish is FinishReason.Length)
        {
            // The limit may fall into the middle of a call: half a call is none.
            calls = calls.Where(call => ToolCallArguments.AreComplete(call.Arguments));
        }

        return new ModelResponse
        {
            Text = _text.ToString(),
            ToolCalls = [.. calls],
            Finish = finish switch
            {
                _ when _refused => FinishReason.Refused,
                // Some servers say "stop" after tool calls.
                FinishReason.Stop when _calls.Count > 0 => FinishReason.ToolCalls,
                _ => finish,
            },
            Usage = _usage,
            Logprobs = _logprobs.Count == 0 ? null : _logprobs.ToImmutable(),
            Model = _model,
        };
    }

    private static FinishReason Finish(ChatFinishReason reason) => reason switch
    {
        ChatFinishReason.Length => FinishReason.Length,
        ChatFinishReason.ContentFilter => FinishReason.Refused,
        ChatFinishReason.ToolCalls or ChatFinishReason.FunctionCall => FinishReason.ToolCalls,
        _ => FinishReason.Stop,
    };

    private void Show(string? text)
    {
        if (text is { Length: > 0 })
        {
            _text.Append(text);
            onDelta?.Invoke(new(text));
        }
    }

    private void Add(StreamingChatToolCallUpdate fragment)
    {
        var call = _calls.FindLast(c => c.Index == fragment.Index);
        // Some servers number every parallel call 0; a second id is a second call.
        if (call is null || (fragment.ToolCallId is { Length: > 0 } id && call.Id.Length > 0 && call.Id != id))
        {
            call = new Call(fragment.Index);
            _calls.Add(call);
        }

        call.Id = fragment.ToolCallId is { Length: > 0 } given ? given : call.Id;
        if (fragment.FunctionName is { Length: > 0 } name && call.Name.Length == 0)
        {
            call.Name = name;
            onDelta?.Invoke(new("", name));
        }

        if (fragment.FunctionArgumentsUpdate is { } arguments)
        {
            call.Arguments.Append(arguments.ToString());
        }
    }

    private sealed class Call(int index)
    {
        public int Index { get; } = index;

        public string Id { get; set; } = "";

        public string Name { get; set; } = "";

        public StringBuilder Arguments { get; } = new();

        public ModelToolCall Build(int position) =>
            new(Id.Length > 0 ? Id : $"call_{position + 1}", Name, ToolCallArguments.OrEmptyObject(Arguments.ToString()));
    }
}
