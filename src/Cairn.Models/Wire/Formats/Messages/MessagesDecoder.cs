using System.Text;
using System.Text.Json;

namespace Cairn.Models;

/// <summary>Reads an answer of Anthropic Messages.</summary>
internal sealed class MessagesDecoder(IAnswerSink sink) : IAnswerDecoder
{
    private readonly StringBuilder _thinking = new();
    private readonly StringBuilder _signature = new();
    private string _block = "";
    private JsonElement _redacted;
    private bool _arguments;
    private long _fresh;
    private long _cached;
    private long _written;
    private long _output;
    private string? _stop;
    private bool _over;

    public void Add(ReadOnlyMemory<byte> json)
    {
        if (_over)
        {
            return;
        }

        using var document = JsonDocument.Parse(json);
        var update = document.RootElement;
        switch (update.Text("type"))
        {
            case "message_start" when update.TryGet("message", out var message):
                sink.Begin(message.Text("model"));
                Count(message);
                break;
            case "content_block_start" when update.TryGet("content_block", out var block):
                Begin(block);
                break;
            case "content_block_delta" when update.TryGet("delta", out var delta):
                Grow(delta);
                break;
            case "content_block_stop":
                EndBlock();
                break;
            case "message_delta":
                if (update.TryGet("delta", out var end) && end.Text("stop_reason") is { Length: > 0 } reason)
                {
                    _stop = reason;
                }

                Count(update);
                break;
            case "message_stop":
                Stop();
                break;
            case "error":
                Fail(DecodedErrors.Of(ErrorBody.Parse(update.GetRawText())));
                break;
            case "message":
                Whole(update);
                break;
            default:
                break; // Pings, and kinds to come.
        }
    }

    public void Complete()
    {
        if (!_over)
        {
            Fail(WireError.Cut);
        }
    }

    private void Whole(JsonElement message)
    {
        sink.Begin(message.Text("model"));
        Count(message);
        foreach (var block in message.List("content"))
        {
            Begin(block);
            if (_block == "tool_use" && block.TryGet("input", out var input))
            {
                _arguments = true;
                sink.CallArguments(input.GetRawText());
            }

            EndBlock();
        }

        _stop = message.Text("stop_reason");
        Stop();
    }

    private void Begin(JsonElement block)
    {
        _block = block.Text("type");
        switch (_block)
        {
            case "text" when block.Text("text") is { Length: > 0 } text:
                sink.Text(text);
                break;
            case "tool_use":
                _arguments = false;
                sink.CallBegin(block.Text("id"), block.Text("name"), custom: false);
                break;
            case "thinking":
                _signature.Append(block.Text("signature"));
                Think(block.Text("thinking"));
                break;
            case "redacted_thinking":
                _redacted = block.Clone();
                break;
        }
    }

    private void Grow(JsonElement delta)
    {
        switch (delta.Text("type"))
        {
            case "text_delta":
                sink.Text(delta.Text("text"));
                break;
            case "thinking_delta":
                Think(delta.Text("thinking"));
                break;
            case "signature_delta":
                _signature.Append(delta.Text("signature"));
                break;
            case "input_json_delta" when _block == "tool_use" && delta.Text("partial_json") is { Length: > 0 } fragment:
                _arguments = true;
                sink.CallArguments(fragment);
                break;
        }
    }

    private void Think(string text)
    {
        if (text.Length > 0)
        {
            _thinking.Append(text);
            sink.Reasoning(text);
        }
    }

    private void EndBlock()
    {
        switch (_block)
        {
            case "tool_use":
                if (!_arguments)
                {
                    sink.CallArguments("{}");
                }

                sink.CallEnd();
                break;
            case "thinking":
                sink.ReasoningDone(_signature.Length == 0 ? null : new(WireFormat.Messages, Thought()));
                _thinking.Clear();
                _signature.Clear();
                break;
            case "redacted_thinking":
                sink.ReasoningDone(new(WireFormat.Messages, _redacted.GetRawText()));
                break;
        }

        _block = "";
    }

    private string Thought()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, JsonWriting.Options))
        {
            json.WriteStartObject();
            json.WriteString("type", "thinking");
            json.WriteString("thinking", _thinking.ToString());
            json.WriteString("signature", _signature.ToString());
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private void Stop()
    {
        if (string.IsNullOrEmpty(_stop))
        {
            Fail(WireError.Cut);
            return;
        }

        _over = true;
        sink.Usage(new(_fresh + _cached + _written, _output, _cached, _written));
        sink.End(_stop switch
        {
            "tool_use" => WireStop.Calls,
            "max_tokens" or "model_context_window_exceeded" => WireStop.Length,
            "refusal" => WireStop.Refused,
            _ => WireStop.Stop,
        });
    }

    private void Fail(WireError error)
    {
        _over = true;
        sink.Fail(error);
    }

    // message_delta repeats cumulative counts; what it leaves out stands as message_start said it.
    private void Count(JsonElement holder)
    {
        holder.TryGet("usage", out var usage);
        _fresh = usage.Number("input_tokens", _fresh);
        _cached = usage.Number("cache_read_input_tokens", _cached);
        _written = usage.Number("cache_creation_input_tokens", _written);
        _output = usage.Number("output_tokens", _output);
    }
}
