using System.Text;
using System.Text.Json;

namespace Cairn.Models;

/// <summary>
/// Reads an answer of Chat Completions. Servers may send the fragments of parallel calls in turns; one call is passed on at a
/// time, and what comes for a later one meanwhile waits.
/// </summary>
internal sealed class ChatDecoder(IAnswerSink sink) : IAnswerDecoder
{
    private readonly List<Call> _calls = [];
    private WireStop? _stop;
    private bool _begun;
    private bool _over;
    private bool _refused;
    private bool _reasoning;

    public void Add(ReadOnlyMemory<byte> json)
    {
        if (_over || json.Span.SequenceEqual("[DONE]"u8))
        {
            return;
        }

        using var document = JsonDocument.Parse(json);
        var chunk = document.RootElement;
        if (chunk.Has("error"))
        {
            Fail(DecodedErrors.Of(ErrorBody.Parse(chunk.GetRawText())));
            return;
        }

        if (!_begun)
        {
            _begun = true;
            sink.Begin(chunk.Text("model"));
        }

        foreach (var choice in chunk.List("choices"))
        {
            if (choice.Number("index") == 0)
            {
                Choice(choice);
            }
        }

        if (chunk.TryGet("usage", out var usage) && usage.ValueKind == JsonValueKind.Object)
        {
            usage.TryGet("prompt_tokens_details", out var input);
            usage.TryGet("completion_tokens_details", out var output);
            sink.Usage(new(
                usage.Number("prompt_tokens"), usage.Number("completion_tokens"), input.Number("cached_tokens"), 0, output.Number("reasoning_tokens")));
        }
    }

    public void Complete()
    {
        if (_over)
        {
            return;
        }

        if (_stop is not { } stop)
        {
            Fail(WireError.Cut);
            return;
        }

        _over = true;
        EndReasoning();
        foreach (var call in _calls)
        {
            Pass(call, last: true);
        }

        sink.End(_refused ? WireStop.Refused : stop == WireStop.Stop && _calls.Count > 0 ? WireStop.Calls : stop);
    }

    private void Choice(JsonElement choice)
    {
        if (choice.TryGet("delta", out var delta) || choice.TryGet("message", out delta))
        {
            Delta(delta);
        }

        if (choice.Text("finish_reason") is { Length: > 0 } finish)
        {
            _stop = finish switch
            {
                "length" => WireStop.Length,
                "content_filter" => WireStop.Refused,
                "tool_calls" or "function_call" => WireStop.Calls,
                _ => WireStop.Stop,
            };
        }
    }

    private void Delta(JsonElement delta)
    {
        var thought = delta.Text("reasoning_content") is { Length: > 0 } named ? named : delta.Text("reasoning");
        if (thought.Length > 0)
        {
            _reasoning = true;
            sink.Reasoning(thought);
        }

        if (delta.Text("content") is { Length: > 0 } text)
        {
            EndReasoning();
            sink.Text(text);
        }

        if (delta.Text("refusal") is { Length: > 0 } refusal)
        {
            EndReasoning();
            _refused = true;
            sink.Refusal(refusal);
        }

        foreach (var fragment in delta.List("tool_calls"))
        {
            EndReasoning();
            Fragment(fragment);
        }
    }

    private void Fragment(JsonElement fragment)
    {
        var index = fragment.Number("index", _calls.Count);
        var id = fragment.Text("id");
        var call = _calls.FindLast(c => c.Index == index);

        // Some servers number every parallel call 0; a second id is a second call.
        if (call is null || (id.Length > 0 && call.Id.Length > 0 && call.Id != id))
        {
            call = new(index);
            _calls.Add(call);
        }

        call.Id = id.Length > 0 ? id : call.Id;
        call.IsCustom |= fragment.Text("type") == "custom";
        fragment.TryGet(call.IsCustom ? "custom" : "function", out var function);
        call.Name = call.Name.Length > 0 ? call.Name : function.Text("name");
        call.Waiting.Append(function.Text(call.IsCustom ? "input" : "arguments"));
        foreach (var one in _calls)
        {
            if (!Pass(one, last: false))
            {
                break;
            }
        }
    }

    /// <summary>Passes on what is there of a call.</summary>
    /// <returns>True when the next one may follow: this one's arguments are complete, and another one came.</returns>
    private bool Pass(Call call, bool last)
    {
        if (call.IsDone)
        {
            return true;
        }

        if (!call.IsBegun && (call.Name.Length > 0 || last))
        {
            call.IsBegun = true;
            sink.CallBegin(call.Id.Length > 0 ? call.Id : $"call_{_calls.IndexOf(call) + 1}", call.Name, call.IsCustom);
        }

        if (call.IsBegun && call.Waiting.Length > 0)
        {
            var text = call.Waiting.ToString();
            call.Passed.Append(text);
            call.Waiting.Clear();
            sink.CallArguments(text);
        }

        var mayEnd = last || (_calls[^1] != call && (call.IsCustom || ToolCallArguments.AreComplete(ToolCallArguments.OrEmptyObject(call.Passed.ToString()))));
        if (call.IsBegun && mayEnd)
        {
            call.IsDone = true;
            sink.CallEnd();
        }

        return call.IsDone;
    }

    private void EndReasoning()
    {
        if (_reasoning)
        {
            _reasoning = false;
            sink.ReasoningDone(null);
        }
    }

    private void Fail(WireError error)
    {
        _over = true;
        sink.Fail(error);
    }

    private sealed class Call(long index)
    {
        public long Index { get; } = index;

        public string Id { get; set; } = "";

        public string Name { get; set; } = "";

        public bool IsCustom { get; set; }

        public bool IsBegun { get; set; }

        public bool IsDone { get; set; }

        public StringBuilder Waiting { get; } = new();

        public StringBuilder Passed { get; } = new();
    }
}
