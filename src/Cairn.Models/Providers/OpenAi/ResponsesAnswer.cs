using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>An answer of the Responses API while its events arrive. Its items come whole; deltas are for the display.</summary>
internal sealed class ResponsesAnswer(Action<ModelDelta>? onDelta)
{
    private readonly SortedDictionary<long, JsonElement> _items = [];
    private JsonElement? _end;

    /// <summary>Takes an event.</summary>
    /// <returns>The error that the event is; null for any other.</returns>
    public ErrorBody? Add(JsonElement update)
    {
        switch (update.Text("type"))
        {
            case "response.output_text.delta" or "response.refusal.delta":
                onDelta?.Invoke(new(update.Text("delta")));
                break;
            case "response.output_item.added" when update.TryGet("item", out var begun) && begun.Text("type") == "function_call":
                onDelta?.Invoke(new("", begun.Text("name")));
                break;
            case "response.output_item.done" when update.TryGet("item", out var item):
                _items[update.Number("output_index")] = item.Clone();
                break;
            case "response.completed" or "response.incomplete" when update.TryGet("response", out var response):
                _end = response.Clone();
                break;
            case "response.failed" when update.TryGet("response", out var failed):
                failed.TryGet("error", out var error);
                return new(error.Text("message"), "", error.Text("code"), "");
            case "error":
                var body = update.TryGet("error", out var inner) && inner.ValueKind == JsonValueKind.Object ? inner : update;
                return new(body.Text("message"), "", body.Text("code"), "");
            default:
                break; // Kinds to come.
        }

        return null;
    }

    /// <summary>The whole answer; null when the stream ended before it was.</summary>
    public ModelResponse? Complete()
    {
        if (_end is not { } end)
        {
            return null;
        }

        var cut = end.Text("status") == "incomplete";
        var items = _items.Count > 0 ? _items.Values : end.List("output");
        // The limit may fall into the middle of a call: half a call is none.
        var parts = items.SelectMany(Parts).Where(p => !cut || p.Call is null || ToolCallArguments.AreComplete(p.Call.Arguments)).ToList();
        var refused = items.Any(item => item.List("content").Any(c => c.Text("type") == "refusal"));
        end.TryGet("incomplete_details", out var why);
        end.TryGet("usage", out var usage);
        usage.TryGet("input_tokens_details", out var details);
        return new ModelResponse
        {
            Text = string.Concat(parts.Select(p => p.Text)),
            ToolCalls = [.. parts.Where(p => p.Call is not null).Select(p => p.Call!)],
            Finish = refused || why.Text("reason") == "content_filter" ? FinishReason.Refused
                : cut ? FinishReason.Length
                : parts.Exists(p => p.Call is not null) ? FinishReason.ToolCalls
                : FinishReason.Stop,
            Usage = new(usage.Number("input_tokens"), usage.Number("output_tokens"), details.Number("cached_tokens")),
            Reasoning = AnswerPart.Keep(ResponsesRequest.Wire, parts),
            Model = end.Text("model"),
        };
    }

    private static IEnumerable<AnswerPart> Parts(JsonElement item) => item.Text("type") switch
    {
        "message" => item.List("content").Select(c => new AnswerPart(c.Text("type") == "refusal" ? c.Text("refusal") : c.Text("text"), null, null)),
        "function_call" => [new(null, new(item.Text("call_id"), item.Text("name"), ToolCallArguments.OrEmptyObject(item.Text("arguments"))), null)],
        // Without its encrypted form the item lives nowhere, and pointing at it would be an error.
        "reasoning" when item.Text("encrypted_content").Length > 0 => [new(null, null, JsonObject.Create(item.Clone()))],
        _ => [],
    };
}
