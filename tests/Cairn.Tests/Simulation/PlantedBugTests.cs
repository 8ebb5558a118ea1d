using Cairn.Host.Simulation;

namespace Cairn.Tests.Simulation;

/// <summary>Bugs of every kind are planted; a simulator that does not find them all is worth nothing.</summary>
public sealed class PlantedBugTests
{
    /// <summary>For each bug the scenario that meets it soonest, and whether it may only show after a crash.</summary>
    public static TheoryData<string, string> Bugs => new(Campaign.Plants.Select(plant => (plant, Enum.Parse<Plant>(plant) switch
    {
        Plant.ExpectedSeqIgnored => "rivals",
        Plant.AgentDependsOnChance or Plant.UnknownOutcomeRepeated => "code",
        Plant.MergeNotRepeatable or Plant.MergeNotSynced => "merge",
        Plant.NewestLayerOpened => "rollback",
        Plant.LayerContentsForgotten or Plant.YoungLayersCollected => "gc",
        _ => "single",
    })));

    [Theory]
    [MemberData(nameof(Bugs))]
    public void A_planted_bug_is_found(string plant, string scenario)
    {
        for (var seed = 1UL; seed <= 4; seed++)
        {
            var campaign = new Campaign(new(seed, seed) { Scenario = scenario, Plant = plant, MaxFailures = 1 });
            if (campaign.Run(null, TestContext.Current.CancellationToken).Failures.Count > 0)
            {
                return;
            }
        }

        Assert.Fail($"{plant} was not found in {scenario}.");
    }

    [Fact]
    public void There_are_at_least_twelve_of_them()
    {
        Assert.InRange(Campaign.Plants.Count, 12, 100);
        TestContext.Current.SendDiagnosticMessage($"{Campaign.Plants.Count} planted bugs, each found by the test above");
    }
}
