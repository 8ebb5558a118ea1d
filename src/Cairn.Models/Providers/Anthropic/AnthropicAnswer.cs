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
        switch (Text(update, "type"))
        {
            case "message_start" when update.TryGetProperty("message", out var message):
                _model = Text(message, "model");
                Count(message);
                break;
            case "content_block_start" when update.TryGetProperty("content_block", out var start):
                Begin(Number(update, "index"), start);
                break;
            case "content_block_delta" when update.TryGetProperty("delta", out var delta):
                Grow(Number(update, "index"), delta);
                break;
            case "message_delta":
                if (update.TryGetProperty("delta", out var end) && Text(end, "stop_reason") is { Length: > 0 } reason)
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
            Text = string.Concat(whole.Where(b => b.Type == "text").Select(b => b.Text)),
            ToolCalls = [.. whole.Where(b => b.IsCall).Select(b => new ModelToolCall(b.Id, b.Name, b.Arguments))],
            Finish = finish,
            Usage = new(_fresh + _cached + CacheWrites, _output, _cached),
            Reasoning = AnthropicReasoning.Keep(whole.Select(b => b.Json())),
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
        if (Text(delta, "type") == "text_delta" && Text(delta, "text") is { Length: > 0 } text)
        {
            onDelta?.Invoke(new(text));
        }
    }

    // message_delta repeats cumulative counts; what it leaves out stands as message_start said it.
    private void Count(JsonElement holder)
    {
        if (!holder.TryGetProperty("usage", out var usage) || usage.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        _fresh = Number(usage, "input_tokens", _fresh);
        _cached = Number(usage, "cache_read_input_tokens", _cached);
        CacheWrites = Number(usage, "cache_creation_input_tokens", CacheWrites);
        _output = Number(usage, "output_tokens", _output);
    }

    private static string Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static long Number(JsonElement parent, string name, long absent = 0) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : absent;

    private sealed class Block(JsonElement start)
    {
        private readonly StringBuilder _text = new(AnthropicAnswer.Text(start, "text") + AnthropicAnswer.Text(start, "thinking"));
        private readonly StringBuilder _input = new();
        private readonly StringBuilder _signature = new(AnthropicAnswer.Text(start, "signature"));

        public string Type { get; } = AnthropicAnswer.Text(start, "type");

        public string Id { get; } = AnthropicAnswer.Text(start, "id");

        public string Name { get; } = AnthropicAnswer.Text(start, "name");

        public bool IsCall => Type == "tool_use";

        public string Text => _text.ToString();

        public string Arguments => ToolCallArguments.OrEmptyObject(_input.ToString());

        public void Grow(JsonElement delta)
        {
            _text.Append(AnthropicAnswer.Text(delta, "text")).Append(AnthropicAnswer.Text(delta, "thinking"));
            _input.Append(AnthropicAnswer.Text(delta, "partial_json"));
            _signature.Append(AnthropicAnswer.Text(delta, "signature"));
        }

        /// <summary>The block as the API wants it back.</summary>
        public JsonObject Json() => Type switch
        {
            "thinking" => new JsonObject { ["type"] = Type, ["thinking"] = Text, ["signature"] = _signature.ToString() },
            "text" => new JsonObject { ["type"] = Type, ["text"] = Text },
            "tool_use" => new JsonObject { ["type"] = Type, ["id"] = Id },
            _ => JsonObject.Create(start.Clone()) ?? [],
        };
    }
}
