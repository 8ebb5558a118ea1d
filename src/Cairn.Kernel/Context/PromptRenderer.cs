using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// Turns a plan into the request that a model gets: a pure function of the plan and the bodies that it names, so the
/// prompt of any past step can be made again byte for byte.
/// </summary>
public static class PromptRenderer
{
    /// <summary>The request, and nothing else decides what the model sees.</summary>
    /// <param name="plan">What goes in.</param>
    /// <param name="maxOutputTokens">The most tokens of the answer.</param>
    /// <param name="body">Finds a body by its hash; the bodies were stored before their hashes were journaled.</param>
    public static ModelRequest Render(PromptPlan plan, int maxOutputTokens, Func<BlobHash, byte[]> body)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(body);
        var spec = plan.Spec;
        var messages = ImmutableArray.CreateBuilder<ChatMessage>();
        messages.Add(new(ChatRole.System, SystemText(spec, body)));
        messages.Add(new(ChatRole.User, Text(spec.Task.Body, body)));
        if (plan.Trim.Dropped > 0)
        {
            messages.Add(new(ChatRole.User, string.Create(CultureInfo.InvariantCulture,
                $"[left out to save room: the first {plan.Trim.Dropped} turns of this run. What they changed in files is still there.]")));
        }

        for (var i = plan.Trim.Dropped; i < plan.History.Count; i++)
        {
            Add(messages, plan.History[i], i < plan.Trim.Elided, body);
        }

        if (plan.Footer.Length > 0)
        {
            messages.Add(new(ChatRole.User, plan.Footer));
        }

        return new ModelRequest
        {
            Model = plan.Model.Id,
            Messages = messages.ToImmutable(),
            Tools = spec.Agent.ToolDefinitions.IsNone
                ? []
                : JsonSerializer.Deserialize(body(spec.Agent.ToolDefinitions), CairnJson.Default.ImmutableArrayToolDefinition),
            MaxOutputTokens = maxOutputTokens,
        };
    }

    /// <summary>The canonical bytes of a request: what its hash is computed over.</summary>
    public static byte[] CanonicalBytes(ModelRequest request) => CairnJson.Bytes(request, CairnJson.Default.ModelRequest);

    private static string SystemText(RunStarted spec, Func<BlobHash, byte[]> body)
    {
        var text = new StringBuilder();
        if (spec.Agent.Prompt is { } prompt)
        {
            text.Append(Text(prompt.Body, body));
        }

        foreach (var rule in spec.Rules)
        {
            // The tag carries the body's own hash: no text can contain the tag that closes it.
            var tag = $"rules-{rule.Body.Short}";
            var source = rule.Source.ReplaceLineEndings(" ").Replace('"', '\'');
            text.Append($"\n\n<{tag} source=\"{source}\">\n").Append(Text(rule.Body, body)).Append($"\n</{tag}>");
        }

        return text.ToString();
    }

    private static void Add(
        ImmutableArray<ChatMessage>.Builder messages, HistoryEntry entry, bool elided, Func<BlobHash, byte[]> body)
    {
        if (entry.Note is { } note)
        {
            messages.Add(new(ChatRole.User, Notes.TextOf(note.Body) ?? $"[{note.Source}]\n{Text(note.Body, body)}"));
            return;
        }

        var turn = entry.Turn!;
        var response = JsonSerializer.Deserialize(body(turn.Response), CairnJson.Default.ModelResponse)!;
        messages.Add(new(ChatRole.Assistant, response.Text) { ToolCalls = response.ToolCalls, Reasoning = response.Reasoning });
        foreach (var call in turn.Calls)
        {
            var text = elided && call.Tokens > TokenEstimate.ElidedResult
                ? $"[left out to save room: the result of this {call.Tool} call, about {call.Tokens} tokens. Call again if you need it.]"
                : Text(call.Result, body);
            messages.Add(new(ChatRole.Tool, text) { ToolCallId = call.ModelCallId, IsError = call.Status != ToolStatus.Ok });
        }
    }

    private static string Text(BlobHash hash, Func<BlobHash, byte[]> body) => Encoding.UTF8.GetString(body(hash));
}
