using Cairn.Host.Simulation;

namespace Cairn.Tests.Simulation;

/// <summary>Bugs of every kind are planted; a simulator that does not find them all is worth nothing.</summary>
public sealed class PlantedBugTests
{
    public static TheoryData<string> Bugs => new(Campaign.Plants);

    [Theory]
    [MemberData(nameof(Bugs))]
    public void A_planted_bug_is_found(string plant)
    {
        var bug = PlantedBugs.Hunt(plant, TestContext.Current.CancellationToken);
        Assert.True(bug.Found, $"{plant} was not found.");
        Assert.EndsWith($"--plant {plant}", bug.Command, StringComparison.Ordinal);
    }

    [Fact]
    public void There_are_at_least_twelve_of_them()
    {
        Assert.InRange(Campaign.Plants.Count, 12, 100);
        TestContext.Current.SendDiagnosticMessage($"{Campaign.Plants.Count} planted bugs, each found by the test above");
    }

    [Fact]
    public void A_bug_cannot_be_planted_on_a_real_disk()
    {
        var directory = Directory.CreateTempSubdirectory("cairn-plant-").FullName;
        try
        {
            Assert.Throws<ArgumentException>(() => Cairn.Storage.StateStore.Open(
                new Cairn.Storage.PosixDisk(), directory, TimeProvider.System, new Cairn.Storage.StateStoreOptions { AcceptTornRecords = true }));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
