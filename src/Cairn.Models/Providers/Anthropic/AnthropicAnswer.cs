using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Anthropic.Exceptions;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>An answer while its events arrive.</summary>
internal sealed class AnthropicAnswer(Action<ModelDelta>? onDelta)
{
    private readonly SortedDictionary<long, Block> _blocks = [];
    private long _fresh;
    private long _cached;
    private long _output;
    private string? _stopReason;
    private bool _stopped;
    private string _model = "";

    /// <summary>Input tokens that were written to the provider's cache.</summary>
    public long CacheWrites { get; private set; }

    /// <summary>The error event of a stream that had begun well; null when the exception is none.</summary>
    public static ErrorBody? StreamedError(Exception exception) =>
        exception is AnthropicSseException sse && WireException.In(sse) is null
            ? ErrorBody.Parse(sse.Body is { ValueKind: not JsonValueKind.Undefined } body ? body.GetRawText() : sse.Message)
            : null;

    public void Add(JsonElement update)
    {
        switch (update.Text("type"))
        {
            case "message_start" when update.TryGet("message", out var message):
                _model = message.Text("model");
                Count(message);
                break;
            case "content_block_start" when update.TryGet("content_block", out var start):
                Begin(update.Number("index"), start);
                break;
            case "content_block_delta" when update.TryGet("delta", out var delta):
                Grow(update.Number("index"), delta);
                break;
            case "message_delta":
                if (update.TryGet("delta", out var end) && end.Text("stop_reason") is { Length: > 0 } reason)
                {
                    _stopReason = reason;
                }

                Count(update);
                break;
            case "message_stop":
                _stopped = true;
                break;
            default:
                break; // Pings, and kinds to come: the API asks clients to pass over them.
        }
    }

    /// <summary>The whole answer; null when the stream ended before it was.</summary>
    public ModelResponse? Complete()
    {
        if (!_stopped || _stopReason is null)
        {
            return null;
        }

        var finish = _stopReason switch
        {
            "tool_use" => FinishReason.ToolCalls,
            "max_tokens" or "model_context_window_exceeded" => FinishReason.Length,
            "refusal" => FinishReason.Refused,
            _ => FinishReason.Stop,
        };
        // The limit may fall into the middle of a call: half a call is none.
        var whole = _blocks.Values
            .Where(b => !b.IsCall || finish != FinishReason.Length || ToolCallArguments.AreComplete(b.Arguments))
            .ToList();
        return new ModelResponse
        {
            Text = string.Concat(whole.Select(b => b.Part().Text)),
            ToolCalls = [.. whole.Where(b => b.IsCall).Select(b => b.Part().Call!)],
            Finish = finish,
            Usage = new(_fresh + _cached + CacheWrites, _output, _cached),
            Reasoning = AnswerPart.Keep(AnthropicRequest.Wire, [.. whole.Select(b => b.Part())]),
            Model = _model,
        };
    }

    private void Begin(long index, JsonElement start)
    {
        var block = new Block(start);
        _blocks[index] = block;
        if (block.IsCall)
        {
            onDelta?.Invoke(new("", block.Name));
        }
        else if (block.Type == "text" && block.Text.Length > 0)
        {
            onDelta?.Invoke(new(block.Text));
        }
    }

    private void Grow(long index, JsonElement delta)
    {
        if (!_blocks.TryGetValue(index, out var block))
        {
            return;
        }

        block.Grow(delta);
        if (delta.Text("type") == "text_delta" && delta.Text("text") is { Length: > 0 } text)
        {
            onDelta?.Invoke(new(text));
        }
    }

    // message_delta repeats cumulative counts; what it leaves out stands as message_start said it.
    private void Count(JsonElement holder)
    {
        holder.TryGet("usage", out var usage);
        _fresh = usage.Number("input_tokens", _fresh);
        _cached = usage.Number("cache_read_input_tokens", _cached);
        CacheWrites = usage.Number("cache_creation_input_tokens", CacheWrites);
        _output = usage.Number("output_tokens", _output);
    }

    private sealed class Block(JsonElement start)
    {
        private readonly StringBuilder _text = new(start.Text("text") + start.Text("thinking"));
        private readonly StringBuilder _input = new();
        private readonly JsonElement _start = start.Clone();
        private readonly StringBuilder _signature = new(start.Text("signature"));

        public string Type { get; } = start.Text("type");

        public string Id { get; } = start.Text("id");

        public string Name { get; } = start.Text("name");

        public bool IsCall => Type == "tool_use";

        public string Text => _text.ToString();

        public string Arguments => ToolCallArguments.OrEmptyObject(_input.ToString());

        public void Grow(JsonElement delta)
        {
            _text.Append(delta.Text("text")).Append(delta.Text("thinking"));
            _input.Append(delta.Text("partial_json"));
            _signature.Append(delta.Text("signature"));
        }

        /// <summary>The block in its place; thinking as the API wants it back.</summary>
        public AnswerPart Part() => Type switch
        {
            "text" => new(Text, null, null),
            "tool_use" => new(null, new(Id, Name, Arguments), null),
            "thinking" => new(null, null, new() { ["type"] = Type, ["thinking"] = Text, ["signature"] = _signature.ToString() }),
            _ => new(null, null, JsonObject.Create(_start) ?? []),
        };
    }
}
