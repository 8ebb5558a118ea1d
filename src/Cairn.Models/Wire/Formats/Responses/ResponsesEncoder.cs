using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Cairn.Models;

/// <summary>Writes an answer as the events of OpenAI Responses: as server-sent events, or one JSON text for each WebSocket message.</summary>
internal sealed class ResponsesEncoder(AnswerFrame frame, Action<string, Action<Utf8JsonWriter>> send) : IAnswerSink
{
    private readonly WireAnswer _whole = new();
    private readonly List<WirePart> _items = [];
    private readonly StringBuilder _text = new();
    private WirePart? _open;
    private int _sequence;
    private bool _begun;

    /// <summary>Events for an SSE stream.</summary>
    public ResponsesEncoder(AnswerFrame frame, IBufferWriter<byte> output)
        : this(frame, new SseWriter(output).Event)
    {
    }

    public void Begin(string model)
    {
        if (_begun)
        {
            return;
        }

        _begun = true;
        ((IAnswerSink)_whole).Begin(model);
        Lifecycle("response.created", "in_progress");
        Lifecycle("response.in_progress", "in_progress");
    }

    public void Text(string text)
    {
        if (_open?.Kind != WirePartKind.Text)
        {
            Open(new(WirePartKind.Text));
            Event("response.content_part.added", json =>
            {
                Place(json);
                json.WriteNumber("content_index", 0);
                json.WritePropertyName("part");
                ResponsesAnswerWriter.Text(json, "");
            });
        }

        _text.Append(text);
        Event("response.output_text.delta", json =>
        {
            Place(json);
            json.WriteNumber("content_index", 0);
            json.WriteString("delta", text);
            json.WriteStartArray("logprobs");
            json.WriteEndArray();
        });
    }

    public void Reasoning(string text)
    {
        if (_open?.Kind != WirePartKind.Reasoning)
        {
            Open(new(WirePartKind.Reasoning));
            Event("response.reasoning_summary_part.added", json => Summary(json, ""));
        }

        _text.Append(text);
        Event("response.reasoning_summary_text.delta", json =>
        {
            Place(json);
            json.WriteNumber("summary_index", 0);
            json.WriteString("delta", text);
        });
    }

    public void ReasoningDone(OpaqueReasoning? opaque)
    {
        if (_open?.Kind != WirePartKind.Reasoning)
        {
            if (opaque is null)
            {
                return;
            }

            Open(new(WirePartKind.Reasoning));
        }

        _open = _open! with { Opaque = opaque };
        Close();
    }

    public void CallBegin(string id, string name, bool custom) =>
        Open(new(WirePartKind.Call) { Id = id, Name = name, IsCustom = custom || frame.CustomTools.Contains(name) }, wrapped: !custom);

    private bool _wrapped;

    public void CallArguments(string fragment)
    {
        _text.Append(fragment);
        if (_open is { IsCustom: true } && _wrapped)
        {
            return; // Free text that comes as JSON can be shown once that is whole.
        }

        Delta(fragment);
    }

    public void CallEnd() => Close();

    public void Usage(WireUsage usage) => ((IAnswerSink)_whole).Usage(usage);

    public void End(WireStop stop)
    {
        Begin("");
        Close();
        _whole.End(stop);
        var status = ResponsesAnswerWriter.Status(stop);
        Lifecycle("response." + status, status);
    }

    public void Fail(WireError error)
    {
        Begin("");
        _whole.Fail(error);
        Lifecycle("response.failed", "failed");
    }

    private void Delta(string fragment) => Event(_open!.IsCustom ? "response.custom_tool_call_input.delta" : "response.function_call_arguments.delta", json =>
    {
        Place(json);
        json.WriteString("delta", fragment);
    });

    private void Open(WirePart part, bool wrapped = false)
    {
        Begin("");
        Close();
        (_open, _wrapped) = (part, wrapped);
        Event("response.output_item.added", json => Item(json, part, "in_progress"));
    }

    private void Close()
    {
        if (_open is not { } open)
        {
            return;
        }

        var text = _text.ToString();
        _text.Clear();
        switch (open.Kind)
        {
            case WirePartKind.Text:
                open = open with { Text = text };
                EndText(text);
                break;
            case WirePartKind.Reasoning:
                open = open with { Text = text };
                EndReasoning(text);
                break;
            default:
                text = open.IsCustom ? _wrapped ? JsonWriting.Unwrapped(text) : text : ToolCallArguments.OrEmptyObject(text);
                if (open.IsCustom && _wrapped)
                {
                    Delta(text);
                }

                open = open with { Arguments = text };
                Event(open.IsCustom ? "response.custom_tool_call_input.done" : "response.function_call_arguments.done", json =>
                {
                    Place(json);
                    json.WriteString(open.IsCustom ? "input" : "arguments", text);
                });
                break;
        }

        _open = open;
        Event("response.output_item.done", json => Item(json, open, "completed"));
        _items.Add(open);
        _open = null;
    }

    private void EndText(string text)
    {
        Event("response.output_text.done", json =>
        {
            Place(json);
            json.WriteNumber("content_index", 0);
            json.WriteString("text", text);
            json.WriteStartArray("logprobs");
            json.WriteEndArray();
        });
        Event("response.content_part.done", json =>
        {
            Place(json);
            json.WriteNumber("content_index", 0);
            json.WritePropertyName("part");
            ResponsesAnswerWriter.Text(json, text);
        });
    }

    private void EndReasoning(string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        Event("response.reasoning_summary_text.done", json =>
        {
            Place(json);
            json.WriteNumber("summary_index", 0);
            json.WriteString("text", text);
        });
        Event("response.reasoning_summary_part.done", json => Summary(json, text));
    }

    private void Summary(Utf8JsonWriter json, string text)
    {
        Place(json);
        json.WriteNumber("summary_index", 0);
        json.WriteStartObject("part");
        json.WriteString("type", "summary_text");
        json.WriteString("text", text);
        json.WriteEndObject();
    }

    private void Item(Utf8JsonWriter json, WirePart part, string status)
    {
        json.WriteNumber("output_index", _items.Count);
        json.WritePropertyName("item");
        ResponsesAnswerWriter.Item(json, frame, part, _items.Count, status);
    }

    private void Place(Utf8JsonWriter json)
    {
        json.WriteString("item_id", ResponsesAnswerWriter.ItemId(frame, _open!, _items.Count));
        json.WriteNumber("output_index", _items.Count);
    }

    private void Lifecycle(string type, string status) => Event(type, json =>
    {
        json.WritePropertyName("response");
        ResponsesAnswerWriter.Write(json, frame, _whole, status, status == "in_progress" ? [] : _items);
    });

    private void Event(string type, Action<Utf8JsonWriter> body) => send(type, json =>
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteNumber("sequence_number", _sequence++);
        body(json);
        json.WriteEndObject();
    });
}
