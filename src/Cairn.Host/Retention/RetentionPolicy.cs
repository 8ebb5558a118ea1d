using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>Decides which runs may go.</summary>
internal static class RetentionPolicy
{
    /// <summary>
    /// The runs to remove: those that are over and that no rule keeps, without any that a run that stays depends on - the
    /// past of a fork, the parent or a child of a run. A run that one rule keeps stays, whatever the other says.
    /// </summary>
    public static IReadOnlyList<RunFacts> ToRemove(IReadOnlyCollection<RunFacts> runs, CollectionRequest request, DateTimeOffset now)
    {
        if (request.KeepDays is null && request.KeepLast is null)
        {
            return [];
        }

        var over = runs.Where(run => run.Ended).OrderByDescending(run => run.Head.Updated).ToList();
        var going = over
            .Skip(request.KeepLast ?? 0)
            .Where(run => request.KeepDays is not { } days || now - run.Head.Updated > TimeSpan.FromDays(days))
            .ToDictionary(run => run.Head.Run);
        Spare(runs, going);
        return [.. going.Values];
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
