using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;

namespace Cairn.Host;

/// <summary>Asks people; a question that nobody can be asked is answered with just that, never guessed.</summary>
internal sealed class HumanOperation(RunSession session)
{
    private static readonly string[] YesNo = ["yes", "no"];

    public (RunEvent Intent, Operations.Effect Effect) Prepare(RunState state, AskHuman ask)
    {
        var (text, options) = Question(state, ask);
        var question = session.Services.Blobs.PutText("question", text);
        var intent = new DecisionRequested(ask.Decision, ask.Kind, question.Body, [.. options], ask.Call?.Id);
        return (intent, token => AskAsync(ask, text, options, token));
    }

    private async Task<RunEvent> AskAsync(AskHuman ask, string text, IReadOnlyList<string> options, CancellationToken cancellationToken)
    {
        var answer = await session.Services.Human.AskAsync(
            new HumanQuestion(session.Run, ask.Decision, ask.Kind, text, options), cancellationToken);
        var approved = answer is "yes" or "y";
        var by = answer is null ? "nobody" : "human";
        answer ??= ask.Kind == "question"
            ? "Nobody can be asked here. Decide yourself, say which assumption you made, or call `complete` with outcome \"cannot\"."
            : "no";
        var stored = session.Count("answer", answer);
        return new DecisionMade(ask.Decision, stored.Body, stored.Tokens, approved, by);
    }

    private (string Text, IReadOnlyList<string> Options) Question(RunState state, AskHuman ask)
    {
        switch (ask.Kind)
        {
            case "merge":
                var changes = session.Services.Layers.NetChanges(state.Layer, null);
                return ($"Merge {changes.Length} changed paths of run {session.Run} into {state.Spec.Repository}?", YesNo);
            case "unknown-effect":
                return ($"Cairn stopped while {ask.Call!.Tool} of run {session.Run} was under way, and nobody knows whether it took effect. "
                    + "Issue it again (yes), or go on without (no)?", YesNo);
            default:
                return Asked(session.Services.Blobs.GetText(ask.Call!.Arguments));
        }
    }

    private static (string, IReadOnlyList<string>) Asked(string arguments)
    {
        using var json = JsonDocument.Parse(arguments);
        var question = json.RootElement.TryGetProperty("question", out var q) ? q.GetString() ?? "" : arguments;
        var options = json.RootElement.TryGetProperty("options", out var o) && o.ValueKind == JsonValueKind.Array
            ? o.EnumerateArray().Select(x => x.GetString() ?? "").ToArray()
            : [];
        return (question, options);
    }
}
