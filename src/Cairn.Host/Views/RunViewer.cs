using System.Text;
using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Kernel;
using Cairn.Sdk;
using Cairn.Tools.Files;

namespace Cairn.Host;

/// <summary>Makes what people see from a run's journal: summaries, logs, states, prompts and differences.</summary>
internal sealed class RunViewer(IJournal journal, IBlobStore blobs, ILayerStore layers)
{
    /// <summary>Files larger than this are named in a diff, not compared line by line.</summary>
    private const int MaxDiffBytes = 1 << 20;

    private const int MaxDiffLines = 20_000;

    /// <summary>The most characters of an answer or output that was cut off in a line of the log.</summary>
    private const int MaxCutOff = 120;

    public RunSummary Summary(RunHead head, bool live)
    {
        var state = RunHistory.State(journal, head.Run);
        var spec = state.Spec;
        return new(
            head.Run, spec.Title, Status(state, live), state.Phase == RunPhase.Ended, state.Reason, spec.Agent.Name,
            state.Model?.Id, state.Model?.Recorded ?? false, spec.Repository, state.Step, state.Spending.Usage, state.Spending.Usd,
            state.JudgePassed, state.Merged, state.Layer, state.ForkedFrom, head.Started, head.Updated) { Records = head.Count };
    }

    public IReadOnlyList<LogEntry> Log(RunId run)
    {
        var entries = new List<LogEntry>();
        var state = RunState.New;
        foreach (var record in RunHistory.Records(journal, run))
        {
            state = Kernel.Kernel.Apply(state, record.Event);
            entries.Add(new(entries.Count, record.Run, record.Seq, record.At, state.Step, EventText.Of(record.Event) + Kept(record.Event), record.Event, record.Chain));
        }

        return entries;
    }

    public StateView Show(RunId run, string place)
    {
        var events = RunHistory.Events(journal, run);
        var position = Positions.Find(events, place);
        var state = Kernel.Kernel.Fold(events.Take((int)position));
        var ask = Kernel.Kernel.Decide(state).OfType<AskModel>().FirstOrDefault();
        var prompt = ask is null ? null : PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, blobs.Get);
        return new(
            run, position, state.Phase.ToString(), Kernel.Kernel.Hash(state), StateJson.Of(state), prompt,
            prompt is null ? null : BlobHash.Of(PromptRenderer.CanonicalBytes(prompt)), ask?.Plan.Tokens ?? 0)
        {
            CutOff = CutOff(events, (int)position) is { } text ? blobs.GetText(text) : null,
            LastCall = events.Take((int)position).OfType<ToolCallFinished>().LastOrDefault(call => call.Effects is not null || call.Network is not null),
        };
    }

    public IReadOnlyList<CheckpointView> Checkpoints(RunId run) =>
        [.. RunHistory.State(journal, run).Checkpoints.Select(c => new CheckpointView(c.Id, c.Position, c.Step, c.Layer, c.Reason))];

    public DiffView Diff(RunId run, string place)
    {
        var events = RunHistory.Events(journal, run);
        var state = Kernel.Kernel.Fold(events.Take((int)Positions.Find(events, place)));
        return new(run, [.. layers.NetChanges(state.Layer, null).Where(c => c.Path != ".git" && !c.Path.StartsWith(".git/", StringComparison.Ordinal)).Select(change => new FileDiff(change, Patch(change)))]);
    }

    private static string Status(RunState state, bool live) => state.Phase == RunPhase.Ended
        ? EventText.Words((state.Outcome ?? RunOutcome.Failed).ToString())
        : state.Stop == StopState.Paused ? "paused"
        : !live ? "interrupted"
        : state.Decision is { Asked: true } ? "waiting" : "running";

    /// <summary>The questions of open runs that have no answer; none of them is asked anywhere just now.</summary>
    public IReadOnlyList<PendingDecision> Decisions()
    {
        var pending = new List<PendingDecision>();
        foreach (var head in journal.Runs())
        {
            var events = RunHistory.Events(journal, head.Run);
            var state = Kernel.Kernel.Fold(events);
            if (state.Phase != RunPhase.Ended && state.Decision is { } open
                && events.OfType<DecisionRequested>().LastOrDefault(d => d.Decision == open.Id) is { } asked)
            {
                pending.Add(new(head.Run, open.Id, open.Kind, blobs.GetText(asked.Question), asked.Options, Open: false));
            }
        }

        return pending;
    }

    /// <summary>What came in of a call that a stop cut off and that was not begun again since.</summary>
    private static BlobHash? CutOff(IReadOnlyList<RunEvent> events, int position)
    {
        for (var i = position - 1; i >= 0; i--)
        {
            switch (events[i])
            {
                case ModelCallCutOff cut:
                    return cut.Text;
                case ToolCallFinished { Status: ToolStatus.Cancelled } cut:
                    return cut.Result;
                case ModelCallStarted or ToolCallStarted or RunRolledBack:
                    return null;
                default:
                    break;
            }
        }

        return null;
    }

    private string Kept(RunEvent e)
    {
        var body = e switch
        {
            ModelCallCutOff cut => cut.Text,
            ToolCallFinished { Status: ToolStatus.Cancelled } cut => cut.Result,
            _ => default,
        };
        var text = body.IsNone ? "" : SafeText.Line(blobs.GetText(body), MaxCutOff);
        return text.Length == 0 ? "" : $": {text}";
    }

    private string? Patch(PathChange change)
    {
        if (change.Kind != EntryKind.File)
        {
            return null;
        }

        var before = Text(change.Before);
        var after = Text(change.After);
        return before is null || after is null ? null : Header(change) + UnifiedDiff.Between(before, after, MaxDiffLines);
    }

    private static string Header(PathChange change) =>
        $"--- {(change.Change == ChangeKind.Added ? "/dev/null" : $"a/{change.Path}")}\n+++ {(change.Change == ChangeKind.Deleted ? "/dev/null" : $"b/{change.Path}")}\n";

    private string? Text(BlobHash hash)
    {
        if (hash.IsNone)
        {
            return "";
        }

        var bytes = layers.Content(hash);
        return bytes.Length > MaxDiffBytes || bytes.AsSpan().Contains((byte)0) ? null : Encoding.UTF8.GetString(bytes);
    }
}
