namespace Cairn.Host.Simulation;

/// <summary>What became of a bug that was planted.</summary>
/// <param name="Name">The bug.</param>
/// <param name="Found">The simulator found it.</param>
/// <param name="Command">Shows it again; null when it was not found.</param>
/// <param name="Finding">How it showed; null when it was not found.</param>
public sealed record PlantedBug(string Name, bool Found, string? Command, string? Finding);

/// <summary>Plants every bug that is known and looks for each: a simulator that misses one is worth little.</summary>
public static class PlantedBugs
{
    private const ulong Seeds = 4;

    /// <summary>Plants them one after another.</summary>
    /// <param name="onBug">Told of each when it is found or given up.</param>
    /// <param name="cancellationToken">Stops between two trials.</param>
    public static IReadOnlyList<PlantedBug> Hunt(Action<PlantedBug>? onBug, CancellationToken cancellationToken)
    {
        var bugs = new List<PlantedBug>();
        foreach (var name in Campaign.Plants.TakeWhile(_ => !cancellationToken.IsCancellationRequested))
        {
            bugs.Add(Hunt(name, cancellationToken));
            onBug?.Invoke(bugs[^1]);
        }

        return bugs;
    }

    /// <summary>Plants one.</summary>
    internal static PlantedBug Hunt(string name, CancellationToken cancellationToken)
    {
        for (var seed = 1UL; seed <= Seeds; seed++)
        {
            var campaign = new Campaign(new(seed, seed) { Scenario = Place(Enum.Parse<Plant>(name)), Plant = name, MaxFailures = 1 });
            if (campaign.Run(null, cancellationToken).Failures is [var failure, ..])
            {
                return new(name, true, failure.Command, failure.Findings[0]);
            }
        }

        return new(name, false, null, null);
    }

    /// <summary>The scenario that meets a bug soonest.</summary>
    private static string Place(Plant plant) => plant switch
    {
        Plant.ExpectedSeqIgnored => "rivals",
        Plant.AgentDependsOnChance or Plant.UnknownOutcomeRepeated => "code",
        Plant.MergeNotRepeatable or Plant.MergeNotSynced => "merge",
        Plant.NewestLayerOpened => "rollback",
        Plant.LayerContentsForgotten or Plant.YoungLayersCollected => "gc",
        _ => "single",
    };
}
