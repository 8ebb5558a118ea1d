using System.Text.Json;

namespace Cairn.Models;

/// <summary>Reads an answer of OpenAI Responses.</summary>
internal sealed class ResponsesDecoder(IAnswerSink sink) : IAnswerDecoder
{
    private long _call = -1;
    private bool _arguments;
    private bool _calls;
    private bool _refused;
    private bool _over;

    // Calls that came while another one was open; passed on once that one is over.
    private readonly List<JsonElement> _waiting = [];

    public void Add(ReadOnlyMemory<byte> json)
    {
        if (_over || json.Span.SequenceEqual("[DONE]"u8))
        {
            return;
        }

        using var document = JsonDocument.Parse(json);
        var update = document.RootElement;
        switch (update.Text("type"))
        {
            case "response.created" when update.TryGet("response", out var created):
                sink.Begin(created.Text("model"));
                break;
            case "response.output_text.delta":
                sink.Text(update.Text("delta"));
                break;
            case "response.refusal.delta":
                _refused = true;
                sink.Refusal(update.Text("delta"));
                break;
            case "response.reasoning_summary_text.delta" or "response.reasoning_text.delta":
                sink.Reasoning(update.Text("delta"));
                break;
            case "response.output_item.added" when update.TryGet("item", out var begun) && IsCall(begun) && _call < 0:
                _call = update.Number("output_index");
                _arguments = false;
                sink.CallBegin(begun.Text("call_id"), begun.Text("name"), IsCustom(begun));
                break;
            case "response.function_call_arguments.delta" or "response.custom_tool_call_input.delta" when update.Number("output_index") == _call:
                _arguments |= update.Text("delta").Length > 0;
                sink.CallArguments(update.Text("delta"));
                break;
            case "response.output_item.done" when update.TryGet("item", out var item):
                Done(item, update.Number("output_index"));
                break;
            case "response.completed" or "response.incomplete" or "response.failed" when update.TryGet("response", out var response):
                End(response);
                break;
            case "error":
                var body = update.TryGet("error", out var inner) && inner.ValueKind == JsonValueKind.Object ? inner : update;
                Fail(DecodedErrors.Of(new(body.Text("message"), body.Text("type") is "error" ? "" : body.Text("type"), body.Text("code"), "")));
                break;
            case "" when update.Text("object") == "response":
                Whole(update);
                break;
            case "" when update.Has("error"):
                Fail(DecodedErrors.Of(ErrorBody.Parse(update.GetRawText())));
                break;
            default:
                break; // Kinds to come.
        }
    }

    public void Complete()
    {
        if (!_over)
        {
            Fail(WireError.Cut);
        }
    }

    private static bool IsCall(JsonElement item) => item.Text("type") is "function_call" or "custom_tool_call";

    private static bool IsCustom(JsonElement item) => item.Text("type") == "custom_tool_call";

    private void Whole(JsonElement response)
    {
        sink.Begin(response.Text("model"));
        foreach (var item in response.List("output"))
        {
            foreach (var part in item.Text("type") == "message" ? item.List("content") : [])
            {
                if (part.Text("type") == "refusal")
                {
                    _refused = true;
                    sink.Refusal(part.Text("refusal"));
                }
                else
                {
                    sink.Text(part.Text("text"));
                }
            }

            foreach (var summary in item.Text("type") == "reasoning" ? item.List("summary") : [])
            {
                sink.Reasoning(summary.Text("text"));
            }

            Done(item, long.MaxValue);
        }

        End(response);
    }

    private void Done(JsonElement item, long index)
    {
        if (item.Text("type") == "reasoning")
        {
            // Without its encrypted form the item lives at the provider only, and pointing at it would be an error.
            sink.ReasoningDone(item.Text("encrypted_content").Length > 0 ? new(WireFormat.Responses, item.GetRawText()) : null);
        }
        else if (IsCall(item) && index == _call)
        {
            if (!_arguments)
            {
                sink.CallArguments(Arguments(item));
            }

            sink.CallEnd();
            _calls = true;
            _call = -1;
            _waiting.ForEach(Pass);
            _waiting.Clear();
        }
        else if (IsCall(item) && _call >= 0)
        {
            _waiting.Add(item.Clone());
        }
        else if (IsCall(item))
        {
            Pass(item);
        }
    }

    private void Pass(JsonElement item)
    {
        _calls = true;
        sink.CallBegin(item.Text("call_id"), item.Text("name"), IsCustom(item));
        sink.CallArguments(Arguments(item));
        sink.CallEnd();
    }

    private static string Arguments(JsonElement item) => item.Text(IsCustom(item) ? "input" : "arguments");

    private void End(JsonElement response)
    {
        if (response.TryGet("usage", out var usage) && usage.ValueKind == JsonValueKind.Object)
        {
            usage.TryGet("input_tokens_details", out var input);
            usage.TryGet("output_tokens_details", out var output);
            sink.Usage(new(usage.Number("input_tokens"), usage.Number("output_tokens"), input.Number("cached_tokens"), 0, output.Number("reasoning_tokens")));
        }

        var status = response.Text("status");
        response.TryGet("incomplete_details", out var why);
        if (status is "failed" or "cancelled" || _call >= 0)
        {
            response.TryGet("error", out var error);
            Fail(error.ValueKind == JsonValueKind.Object ? DecodedErrors.Of(new(error.Text("message"), "", error.Text("code"), "")) : WireError.Cut);
            return;
        }

        _over = true;
        sink.End(_refused || why.Text("reason") == "content_filter" ? WireStop.Refused
            : status == "incomplete" ? WireStop.Length
            : _calls ? WireStop.Calls
            : WireStop.Stop);
    }

    private void Fail(WireError error)
    {
        _over = true;
        sink.Fail(error);
    }
}
