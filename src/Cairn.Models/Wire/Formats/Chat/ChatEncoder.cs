using System.Buffers;
using System.Text.Json;

namespace Cairn.Models;

/// <summary>Writes an answer as a stream of Chat Completions.</summary>
internal sealed class ChatEncoder(AnswerFrame frame, bool wantsUsage, IBufferWriter<byte> output) : IAnswerSink
{
    private readonly SseWriter _sse = new(output);
    private WireUsage _usage;
    private int _calls = -1;
    private bool _custom;
    private bool _begun;

    public void Begin(string model)
    {
        if (!_begun)
        {
            _begun = true;
            Chunk(json =>
            {
                json.WriteString("role", "assistant");
                json.WriteString("content", "");
            });
        }
    }

    public void Text(string text) => Chunk(json => json.WriteString("content", text));

    public void Refusal(string text) => Chunk(json => json.WriteString("refusal", text));

    public void Reasoning(string text) => Chunk(json => json.WriteString("reasoning_content", text));

    public void ReasoningDone(OpaqueReasoning? opaque)
    {
        // The format has no place for what only a provider understands.
    }

    public void CallBegin(string id, string name, bool custom)
    {
        _calls++;
        _custom = custom;
        Call(json =>
        {
            json.WriteString("id", id);
            json.WriteString("type", custom ? "custom" : "function");
            json.WriteStartObject(custom ? "custom" : "function");
            json.WriteString("name", name);
            json.WriteString(custom ? "input" : "arguments", "");
            json.WriteEndObject();
        });
    }

    public void CallArguments(string fragment) => Call(json =>
    {
        json.WriteStartObject(_custom ? "custom" : "function");
        json.WriteString(_custom ? "input" : "arguments", fragment);
        json.WriteEndObject();
    });

    public void CallEnd()
    {
    }

    public void Usage(WireUsage usage) => _usage = usage;

    public void End(WireStop stop)
    {
        Begin("");
        Chunk(_ => { }, ChatAnswer.Finish(stop));
        if (wantsUsage)
        {
            _sse.Event(null, json =>
            {
                Head(json);
                json.WriteStartArray("choices");
                json.WriteEndArray();
                ChatAnswer.Usage(json, _usage);
                json.WriteEndObject();
            });
        }

        _sse.Done();
    }

    public void Fail(WireError error) => _sse.Event(null, json => ChatAnswer.Error(json, error));

    private void Call(Action<Utf8JsonWriter> body) => Chunk(json =>
    {
        json.WriteStartArray("tool_calls");
        json.WriteStartObject();
        json.WriteNumber("index", _calls);
        body(json);
        json.WriteEndObject();
        json.WriteEndArray();
    });

    private void Chunk(Action<Utf8JsonWriter> delta, string? finish = null)
    {
        if (!_begun)
        {
            Begin("");
        }

        _sse.Event(null, json =>
        {
            Head(json);
            json.WriteStartArray("choices");
            json.WriteStartObject();
            json.WriteNumber("index", 0);
            json.WriteStartObject("delta");
            delta(json);
            json.WriteEndObject();
            json.WriteNull("logprobs");
            json.WriteString("finish_reason", finish);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private void Head(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", "chatcmpl-" + frame.Id);
        json.WriteString("object", "chat.completion.chunk");
        json.WriteNumber("created", frame.Created);
        json.WriteString("model", frame.Model);
    }
}
