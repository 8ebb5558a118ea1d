using System.Collections.Immutable;
using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>Lists the items of a state's context, for people and programs: computed from the state alone, so from any past one too.</summary>
public static class ContextItems
{
    /// <summary>What the last so many steps brought is immediate.</summary>
    private const int ImmediateSteps = 8;

    /// <summary>All items, by tier and then in the order of the prompt.</summary>
    public static ImmutableArray<ContextItem> Of(RunState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Context is null ? [] : [.. Fixed(state).Concat(Kept(state)).Concat(History(state)).Concat(Marks(state)).OrderBy(i => i.Tier)];
    }

    private static IEnumerable<ContextItem> Fixed(RunState state)
    {
        var spec = state.Spec;
        ContextItem Always(string name, TextSource text, string from, bool untrusted) =>
            new(ContextTier.L1, name, text.Body, from, text.Tokens, text.Tokens, "whole", "part of every prompt; no move touches it") { Pinned = true, LastUse = state.Step, Untrusted = untrusted };
        yield return Always("task", spec.Task, "human, record 0", untrusted: false);
        if (spec.Agent.Prompt is { } role)
        {
            yield return Always("role", role, "record 0", untrusted: false);
        }

        if (!spec.Agent.ToolDefinitions.IsNone)
        {
            yield return Always("tools", new("", spec.Agent.ToolDefinitions, spec.Agent.ToolTokens), "record 0", untrusted: false);
        }

        foreach (var rule in spec.Rules)
        {
            yield return Always($"rules:{rule.Source}", rule, $"{rule.Source.Split(',')[0]}@{rule.Body.Short}", untrusted: true);
        }
    }

    private static IEnumerable<ContextItem> Kept(RunState state)
    {
        var context = state.Context!;
        var carried = (context.Window.Carried?.Texts ?? []).ToDictionary(t => t.Address, t => t.Tokens, StringComparer.Ordinal);
        ContextItem Keep(string name, string address, BlobHash body, int tokens, int step, string why) =>
            new(ContextTier.L1, name, body, address, tokens, carried.GetValueOrDefault(address), carried.ContainsKey(address) ? "carried" : "whole",
                carried.ContainsKey(address) ? $"{why}; its own place was taken out, so it is carried behind the task" : $"{why}; it stands where it was made") { Pinned = true, LastUse = step, Untrusted = true };
        foreach (var (slot, text) in context.Slots)
        {
            yield return Keep(slot, text.Source, text.Body, text.Tokens, state.Step, "survives every move until it is replaced");
        }

        foreach (var error in context.Errors)
        {
            yield return Keep($"error:{error.Call}", ContextAddress.Result(error.Call), error.Body, error.Tokens, error.Step, $"an error of {error.Tool} that nothing resolved yet");
        }

        if (state.Decision is { } open)
        {
            yield return new(ContextTier.L1, $"decision:{open.Id}", default, "human", 0, 0, "open", "a human has not answered yet") { Pinned = true, LastUse = state.Step };
        }
    }

    private static IEnumerable<ContextItem> History(RunState state)
    {
        var index = new PageIndex(state);
        var policy = ContextPolicy.Of(state.Spec.ContextPolicy);
        var window = state.Context!.Window;
        var listed = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < state.History.Count; i++)
        {
            if (state.History[i].Turn is not { } turn)
            {
                var note = state.History[i].Note!;
                yield return new(Tier(state, i, state.Step, window), string.Create(CultureInfo.InvariantCulture, $"note:{i}"), note.Body, note.Source, note.Tokens,
                    i < window.First ? 0 : note.Tokens, i < window.First ? "gone" : "whole", Why(i, window, PageForm.Whole, null)) { Untrusted = Notes.TextOf(note.Body) is null };
                continue;
            }

            yield return new(Tier(state, i, turn.Step, window), ContextAddress.Turn(turn.Step), turn.Response, "model", turn.Tokens,
                i < window.First ? 0 : turn.Tokens, i < window.First ? "gone" : "whole", Why(i, window, PageForm.Whole, null)) { LastUse = turn.Step, Untrusted = true };
            for (var c = 0; c < turn.Calls.Length; c++)
            {
                yield return Answer(state, index, policy, i, c, listed);
            }
        }
    }

    private static ContextItem Answer(RunState state, PageIndex index, ContextPolicy policy, int entry, int call, HashSet<string> listed)
    {
        var window = state.Context!.Window;
        var turn = state.History[entry].Turn!;
        var done = turn.Calls[call];
        var form = window[entry, call];
        var gone = entry < window.First;
        var facts = index.Facts(turn, done);
        var mark = done.Report is { Files: [var first, ..] } ? first : null;
        var name = mark is { Written: false } && !facts.Superseded && !facts.Stale && listed.Add($"{mark.Path}@{mark.Version.Short}")
            ? $"file:{mark.Path}@{mark.Version.Short}"
            : ContextAddress.Result(done.Id);
        var kept = index.IsKept(done);
        var worth = policy.Worth(facts);
        var from = mark is null ? $"{done.Tool}, call {done.Id}"
            : string.Create(CultureInfo.InvariantCulture, $"{mark.Path}@{mark.Version.Short}{(mark.From == 0 ? "" : $":{mark.From}-{mark.To}")}, call {done.Id}");
        var tier = gone || form == PageForm.Stub ? ContextTier.L3 : Tier(state, entry, turn.Step, window);
        return new(tier, name, mark?.Version ?? done.Result, from, done.Tokens, gone ? 0 : done.In(form), gone ? "gone" : form.ToString().ToLowerInvariant(),
            Why(entry, window, form, kept ? "pinned" : facts.Superseded ? "a later answer shows the same" : facts.Stale ? "the file changed since" : mark is not null && state.Context.Stale?.Contains(mark.Path) == true ? "somebody changed the file; the agent is told before it is asked again" : null))
        {
            Pinned = kept,
            LastUse = state.Step - facts.Idle,
            Worth = worth,
            Untrusted = done.Tool != KernelTools.AskHuman,
        };
    }

    private static ContextTier Tier(RunState state, int entry, int step, ContextWindow window) =>
        entry < window.First ? ContextTier.L3 : step > state.Step - ImmediateSteps ? ContextTier.L1 : ContextTier.L2;

    private static string Why(int entry, ContextWindow window, PageForm form, string? also)
    {
        var why = entry < window.First ? "its turn was taken out to make room; `recall` brings it back"
            : form == PageForm.Brief ? "shortened to make room: the policy gave it less worth than what stays whole"
            : form == PageForm.Stub ? "left out to make room: only its address stays"
            : entry - window.First < window.Forms.Length ? "kept whole in the last move" : "came after the last move";
        return also is null ? why : $"{why}; {also}";
    }

    private static IEnumerable<ContextItem> Marks(RunState state) => state.Checkpoints.Select(c =>
        new ContextItem(ContextTier.L4, $"checkpoint:{c.Id}", default, string.Create(CultureInfo.InvariantCulture, $"record {c.Position}"), 0, 0, "gone", c.Reason) { LastUse = c.Step });
}
