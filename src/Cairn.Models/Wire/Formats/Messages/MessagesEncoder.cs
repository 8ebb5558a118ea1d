using System.Buffers;
using System.Text.Json;

namespace Cairn.Models;

/// <summary>Writes an answer as a stream of Anthropic Messages.</summary>
internal sealed class MessagesEncoder(AnswerFrame frame, IBufferWriter<byte> output) : IAnswerSink
{
    private readonly SseWriter _sse = new(output);
    private readonly System.Text.StringBuilder _free = new();
    private WireUsage _usage;
    private string _block = "";
    private int _index = -1;
    private bool _begun;
    private bool _custom;

    public void Begin(string model)
    {
        if (_begun)
        {
            return;
        }

        _begun = true;
        _sse.Event("message_start", json =>
        {
            json.WriteStartObject();
            json.WriteString("type", "message_start");
            json.WritePropertyName("message");
            MessagesAnswer.Head(json, frame);
            json.WriteStartArray("content");
            json.WriteEndArray();
            json.WriteNull("stop_reason");
            json.WriteNull("stop_sequence");
            MessagesAnswer.Usage(json, default);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    public void Text(string text)
    {
        Open("text", json => json.WriteString("text", ""));
        Delta("text_delta", "text", text);
    }

    public void Reasoning(string text)
    {
        Open("thinking", json =>
        {
            json.WriteString("thinking", "");
            json.WriteString("signature", "");
        });
        Delta("thinking_delta", "thinking", text);
    }

    public void ReasoningDone(OpaqueReasoning? opaque)
    {
        if (opaque is not null)
        {
            Open("thinking", json =>
            {
                json.WriteString("thinking", "");
                json.WriteString("signature", "");
            });
            Delta("signature_delta", "signature", opaque.Pack());
        }

        Close();
    }

    public void CallBegin(string id, string name, bool custom)
    {
        Close();
        _custom = custom;
        _free.Clear();
        Open("tool_use", json =>
        {
            json.WriteString("id", id);
            json.WriteString("name", name);
            json.WriteStartObject("input");
            json.WriteEndObject();
        });
    }

    public void CallArguments(string fragment)
    {
        if (_custom)
        {
            _free.Append(fragment);
        }
        else
        {
            Delta("input_json_delta", "partial_json", fragment);
        }
    }

    public void CallEnd()
    {
        if (_custom)
        {
            Delta("input_json_delta", "partial_json", JsonWriting.Wrapped(_free.ToString()));
        }

        Close();
    }

    public void Usage(WireUsage usage) => _usage = usage;

    public void End(WireStop stop)
    {
        Begin("");
        Close();
        _sse.Event("message_delta", json =>
        {
            json.WriteStartObject();
            json.WriteString("type", "message_delta");
            json.WriteStartObject("delta");
            json.WriteString("stop_reason", MessagesAnswer.Reason(stop));
            json.WriteNull("stop_sequence");
            json.WriteEndObject();
            MessagesAnswer.Usage(json, _usage);
            json.WriteEndObject();
        });
        Plain("message_stop", _ => { });
    }

    public void Fail(WireError error) => _sse.Event("error", json => MessagesAnswer.Error(json, error));

    private void Open(string type, Action<Utf8JsonWriter> body)
    {
        if (_block == type && type != "tool_use")
        {
            return;
        }

        Begin("");
        Close();
        _index++;
        _block = type;
        Plain("content_block_start", json =>
        {
            json.WriteNumber("index", _index);
            json.WriteStartObject("content_block");
            json.WriteString("type", type);
            body(json);
            json.WriteEndObject();
        });
    }

    private void Delta(string type, string name, string value) => Plain("content_block_delta", json =>
    {
        json.WriteNumber("index", _index);
        json.WriteStartObject("delta");
        json.WriteString("type", type);
        json.WriteString(name, value);
        json.WriteEndObject();
    });

    private void Close()
    {
        if (_block.Length > 0)
        {
            Plain("content_block_stop", json => json.WriteNumber("index", _index));
            _block = "";
        }
    }

    private void Plain(string type, Action<Utf8JsonWriter> body) => _sse.Event(type, json =>
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        body(json);
        json.WriteEndObject();
    });
}
