using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>A journal event in one line, for people.</summary>
internal static class EventText
{
    public static string Of(RunEvent e) => e switch
    {
        RunStarted x => $"run started by agent {x.Agent.Name}{(x.Model is null ? "" : $" on {x.Model.Id}{(x.Model.Recorded ? " (recorded answers)" : "")}")}{(x.Policy is null ? "" : $" under policy {x.Policy.Name}")}: {x.Title}",
        RunForked x => $"forked from {x.Source} after its record {x.SourceCount - 1}{(x.Model is null ? "" : $", goes on with {x.Model.Id}")}",
        RunRecovered x => $"taken up again ({x.Reason})",
        RunRolledBack x => $"rolled back to {x.To}: {x.Reason}",
        RunStopRequested x => $"{(x.Pause ? "paused" : "stop")}: {x.Reason}",
        RunEnded x => $"ended: {Words(x.Outcome.ToString())}{(x.Reason.Length == 0 ? "" : $" ({x.Reason})")}",
        ModelCallStarted x => string.Create(CultureInfo.InvariantCulture, $"ask {x.Model}, at most {x.ReservedTokens} tokens{(x.Attempt > 1 ? $", attempt {x.Attempt}" : "")}"),
        ModelCallFinished x => string.Create(CultureInfo.InvariantCulture, $"answer: {x.Usage.InputTokens}+{x.Usage.OutputTokens} tokens{Calls(x)}"),
        ModelCallFailed x => $"no answer ({Words(x.Kind.ToString())}): {x.Message}",
        ModelCallCutOff x => string.Create(CultureInfo.InvariantCulture, $"answer cut off after at most {x.Tokens} tokens"),
        BudgetRefused x => $"no budget left in {x.By}: {x.Reason}",
        AgentCalled x => $"agent calls {x.Tool}",
        AgentFinished x => $"agent finished: {x.Summary}",
        ToolCallStarted x => $"{x.Tool} begins ({Words(x.Effect.ToString())}{(x.Policy is null ? "" : $", permitted by {string.Join(", ", x.Policy.Rules)}")})",
        ToolCallDenied x => $"{x.Tool} denied by policy {x.Policy.Policy.Short}: {(x.Policy.Rules.IsEmpty ? "no rule permits it" : string.Join(", ", x.Policy.Rules))}",
        ToolCallFinished x => string.Create(CultureInfo.InvariantCulture,
            $"call {x.Call}: {Words(x.Status.ToString())}, {x.Milliseconds} ms{(x.FilesChanged > 0 ? $", {x.FilesChanged} paths changed" : "")}{Processes(x.Effects)}{Requests(x.Network)}{Limits(x)}{Names(x.Grounding)}"),
        FilesNoticed x => $"somebody changed: {string.Join(", ", x.Files.Select(f => f.Path))}",
        FilesChanged x => $"changed since they were read: {string.Join(", ", x.Files.Select(f => f.Path))}",
        ArchiveAsked => "the archive is asked what matters",
        ArchiveAnswered x => x.Problem is null ? string.Create(CultureInfo.InvariantCulture, $"the archive found {x.Items.Length} texts") : $"the archive found nothing: {x.Problem}",
        CheckpointTaken x => $"checkpoint: {x.Reason}",
        DecisionRequested x => $"a human is asked ({x.Kind})",
        DecisionMade x => $"answer by {x.By}{(x.Approved ? ": yes" : "")}",
        JudgeStarted x => $"judge, round {x.Round}",
        JudgeFinished x => string.Create(CultureInfo.InvariantCulture, $"judge: {(x.Passed ? "accepted" : "not accepted")}, score {x.Score:0.##}"),
        MergeStarted => "merge begins",
        MergeFinished x => $"merge: {Words(x.Status.ToString())}, {x.Message}",
        ConflictsResolved x => $"{x.By} decided: {string.Join(", ", x.Paths)}",
        _ => e.GetType().Name,
    };

    /// <summary>OverBudget becomes "over budget".</summary>
    public static string Words(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i == 0 ? "" : " ") + char.ToLowerInvariant(c) : c.ToString()));

    private static string Processes(CallEffects? effects)
    {
        var count = (effects?.Processes?.Length ?? 0) + (effects?.ProcessesLeftOut ?? 0);
        return count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {count} {(count == 1 ? "process" : "processes")}");
    }

    private static string Requests(System.Collections.Immutable.ImmutableArray<NetworkAccess>? network)
    {
        var (count, refused) = (network?.Sum(n => n.Count) ?? 0, network?.Where(n => n.Verdict != NetworkAccess.Allowed).Sum(n => n.Count) ?? 0);
        return count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {count} network {(count == 1 ? "request" : "requests")}{(refused == 0 ? "" : $" ({refused} did not go through)")}");
    }

    private static string Limits(ToolCallFinished x) => x.Effects?.Limits is { } all
        ? $", {(all.Length == 1 ? "limit" : "limits")} hit: {string.Join(", ", all)}"
        : x.LimitHit is null ? "" : $", limit hit: {x.LimitHit}";

    private static string Names(GroundingReport? found) => found is not { Findings.IsEmpty: false } ? ""
        : $", {(found.Blocked ? "stopped: " : "")}names nothing: {string.Join(", ", found.Findings.Take(5).Select(each => SafeText.Line($"{each.Kind} {each.Name}", 80)))}";

    private static string Calls(ModelCallFinished x) => x.Calls.IsEmpty
        ? ""
        : ", calls " + string.Join(", ", x.Calls.Select(c => c.Problem.IsNone ? c.Tool : $"{c.Tool} (invalid)"));
}
