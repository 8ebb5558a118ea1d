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
        var messages = ImmutableArray.CreateBuilder<ChatMessage>();
        messages.AddRange(Opening(plan, body));
        for (var i = plan.Trim.Dropped; i < plan.History.Count; i++)
        {
            messages.AddRange(Entry(plan, i, body));
        }

        return Request(plan, messages, Tools(plan.Spec, body), maxOutputTokens);
    }

    /// <summary>The messages before the history.</summary>
    public static ImmutableArray<ChatMessage> Opening(PromptPlan plan, Func<BlobHash, byte[]> body)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(body);
        var system = new ChatMessage(ChatRole.System, SystemText(plan.Spec, body));
        var task = new ChatMessage(ChatRole.User, Text(plan.Spec.Task.Body, body));
        return plan.Trim.Dropped == 0 ? [system, task] :
        [
            system, task,
            new(ChatRole.User, string.Create(CultureInfo.InvariantCulture,
                $"[left out to save room: the first {plan.Trim.Dropped} turns of this run. What they changed in files is still there.]")),
        ];
    }

    /// <summary>The messages of one entry of the history.</summary>
    public static ImmutableArray<ChatMessage> Entry(PromptPlan plan, int index, Func<BlobHash, byte[]> body)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(body);
        var messages = ImmutableArray.CreateBuilder<ChatMessage>();
        Add(messages, plan.History[index], index < plan.Trim.Elided, body);
        return messages.ToImmutable();
    }

    /// <summary>The definitions of the tools.</summary>
    public static ImmutableArray<ToolDefinition> Tools(RunStarted spec, Func<BlobHash, byte[]> body)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(body);
        return spec.Agent.ToolDefinitions.IsNone
            ? []
            : JsonSerializer.Deserialize(body(spec.Agent.ToolDefinitions), CairnJson.Default.ImmutableArrayToolDefinition);
    }

    /// <summary>Puts the parts together.</summary>
    /// <param name="plan">What goes in.</param>
    /// <param name="messages">The messages of <see cref="Opening"/> and of every <see cref="Entry"/> that was not left out.</param>
    /// <param name="tools">What <see cref="Tools"/> gives.</param>
    /// <param name="maxOutputTokens">The most tokens of the answer.</param>
    public static ModelRequest Request(
        PromptPlan plan, IReadOnlyCollection<ChatMessage> messages, ImmutableArray<ToolDefinition> tools, int maxOutputTokens)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new ModelRequest
        {
            Model = plan.Model.Id,
            Messages = plan.Footer.Length > 0 ? [.. messages, new(ChatRole.User, plan.Footer)] : [.. messages],
            Tools = tools,
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
