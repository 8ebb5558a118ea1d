using System.Globalization;

namespace Cairn.Tests.Integration.Policy;

/// <summary>
/// Our evaluator is judged by the reference implementation. The long form:
/// CAIRN_POLICY_CASES=100000 CAIRN_POLICY_SEED=7 Cairn.Tests.Integration -method '*Policy_campaign*' -explicit only
/// </summary>
public sealed class RefereeTests
{
    [Fact]
    public Task Two_thousand_policies_are_decided_as_the_reference_decides_them() => AgreeAsync(1, 2000);

    [Fact(Explicit = true)]
    public Task Policy_campaign_against_the_reference() => AgreeAsync(Setting("CAIRN_POLICY_SEED", 2), Setting("CAIRN_POLICY_CASES", 100_000));

    private static async Task AgreeAsync(int seed, int count)
    {
        var tally = await Referee.CompareAsync(seed, count, TestContext.Current.CancellationToken);
        var report = string.Create(CultureInfo.InvariantCulture,
            $"{tally.Cases} cases: {tally.Refused} refused, {tally.Allowed} allowed, {tally.Denied} denied, {tally.WithErrors} with errors, {tally.Disagreements.Count} disagreements");
        TestContext.Current.TestOutputHelper?.WriteLine(report);
        Assert.True(tally.Disagreements.Count == 0, report + "\n\n" + string.Join("\n\n", tally.Disagreements));
        Assert.Equal(count, tally.Cases);

        // A campaign in which next to nothing is accepted, allowed or in error would show nothing.
        Assert.All([tally.Refused, tally.Allowed, tally.Denied, tally.WithErrors], part => Assert.True(part > count / 20, report));
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
