using System.Globalization;
using Cairn.Kernel;

namespace Cairn.Bench.Context;

/// <summary>
/// Sequences of uses as they were: from the journals of model agents' runs in a state directory. A use is an answer that shows a
/// file, or anything that was looked at once; forks are left out, because their past is another run's.
/// </summary>
internal static class JournalTraces
{
    /// <summary>Shorter runs tell nothing of what is used again.</summary>
    private const int LeastUses = 10;

    public static IEnumerable<(string Name, List<PageUse> Uses)> Of(string stateDirectory)
    {
        using var store = StateStore.OpenReadOnly(new PosixDisk(), stateDirectory);
        foreach (var head in store.Journal.Runs())
        {
            var events = store.Journal.Read(head.Run).Select(r => r.Event).ToList();
            if (events is [RunStarted { Agent.Kind: AgentKind.Model } start, ..] && Uses(events) is { Count: >= LeastUses } uses)
            {
                yield return ($"{Path.GetFileName(start.Repository)} {head.Run.Value[..Math.Min(6, head.Run.Value.Length)]}{(start.Model!.Recorded ? " scripted" : "")}", uses);
            }
        }
    }

    private static List<PageUse> Uses(List<RunEvent> events)
    {
        var uses = new List<PageUse>();
        var effects = new Dictionary<CallId, EffectClass>();
        foreach (var e in events)
        {
            if (e is ToolCallStarted started)
            {
                effects[started.Call] = started.Effect;
            }
            else if (e is ToolCallFinished { Status: ToolStatus.Ok } done)
            {
                Add(uses, done, effects.GetValueOrDefault(done.Call));
            }
        }

        return uses;
    }

    private static void Add(List<PageUse> uses, ToolCallFinished done, EffectClass effect)
    {
        var shown = done.Context is { Files: { IsDefaultOrEmpty: false } files } ? files.Where(f => !f.Written).ToList() : [];
        foreach (var mark in shown)
        {
            uses.Add(new(mark.From == 0 ? mark.Path : string.Create(CultureInfo.InvariantCulture, $"{mark.Path}:{mark.From}-{mark.To}"), done.Tokens / shown.Count, PageKind.File));
        }

        if (shown.Count == 0)
        {
            var kind = done.Context is { Files.IsDefaultOrEmpty: false } ? PageKind.Change : effect == EffectClass.Pure ? PageKind.Search : PageKind.Command;
            uses.Add(new($"#{done.Call}", done.Tokens, kind));
        }
    }
}
