using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>Decides which runs may go.</summary>
internal static class RetentionPolicy
{
    /// <summary>
    /// The runs to remove: those that are over and that no rule keeps, without any that a run that stays depends on - the
    /// past of a fork, the parent or a child of a run. A run that one rule keeps stays, whatever the other says. What was said
    /// when a run was started goes before both, for that run, its children and its forks.
    /// </summary>
    public static IReadOnlyList<RunFacts> ToRemove(IReadOnlyCollection<RunFacts> runs, CollectionRequest request, DateTimeOffset now)
    {
        var known = runs.ToDictionary(run => run.Head.Run);
        var over = runs.Where(run => run.Ended).OrderByDescending(run => run.Head.Updated).ToLookup(run => Own(run, known) is not null);
        var going = (request is { KeepDays: null, KeepLast: null } ? [] : over[false])
            .Skip(request.KeepLast ?? 0)
            .Where(run => request.KeepDays is not { } days || now - run.Head.Updated > TimeSpan.FromDays(days))
            .Concat(over[true].Where(run => now - run.Head.Updated > TimeSpan.FromDays(Own(run, known)!.Value)))
            .ToDictionary(run => run.Head.Run);
        Spare(runs, going);
        return [.. going.Values];
    }

    /// <summary>What was said when the run was started, or the one that it comes from.</summary>
    private static int? Own(RunFacts run, Dictionary<RunId, RunFacts> known)
    {
        for (var left = known.Count; left > 0 && run.KeepDays is null && (run.Source ?? run.Parent) is { } from && known.TryGetValue(from, out var origin); left--)
        {
            run = origin;
        }

        return run.KeepDays;
    }

    private static void Spare(IReadOnlyCollection<RunFacts> runs, Dictionary<RunId, RunFacts> going)
    {
        var needed = runs
            .SelectMany(run => new[] { (From: run.Head.Run, To: run.Source), (From: run.Head.Run, To: run.Parent) }
                .Concat(run.Parent is { } parent ? [(parent, run.Head.Run)] : []))
            .Where(edge => edge.To is not null)
            .ToLookup(edge => edge.From, edge => edge.To!.Value);
        var open = new Stack<RunId>(runs.Select(run => run.Head.Run).Where(run => !going.ContainsKey(run)));
        while (open.TryPop(out var kept))
        {
            foreach (var run in needed[kept].Where(going.Remove))
            {
                open.Push(run);
            }
        }
    }
}
