namespace Cairn.Tests.Memory.Cypher;

/// <summary>
/// The scenarios of the openCypher Technology Compatibility Kit that ask for what this Cypher does. They are not part of
/// this tree: CAIRN_OPENCYPHER names a checkout of github.com/opencypher/openCypher.
/// </summary>
public sealed class OpenCypherKitTests(ITestOutputHelper output)
{
    [Fact(Explicit = true)]
    public void Scenarios_within_the_subset_pass()
    {
        var root = Environment.GetEnvironmentVariable("CAIRN_OPENCYPHER") ?? throw new InvalidOperationException("CAIRN_OPENCYPHER names no checkout of openCypher.");
        var kit = Path.Combine(root, "tck");
        var failed = new List<string>();
        var (passed, outside) = (0, 0);
        foreach (var folder in Directory.GetFiles(Path.Combine(kit, "features"), "*.feature", SearchOption.AllDirectories).GroupBy(file => Path.GetDirectoryName(file)!).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var verdicts = folder.Order(StringComparer.Ordinal).SelectMany(FeatureFile.Read).Select(scenario => (scenario.Name, Result: OpenCypherKit.Run(scenario, Path.Combine(kit, "graphs")))).ToList();
            var (good, bad) = (verdicts.Count(each => each.Result.Verdict == Verdict.Passed), verdicts.Where(each => each.Result.Verdict == Verdict.Failed).ToList());
            output.WriteLine($"{Path.GetRelativePath(kit, folder.Key),-48} {good,5} of {good + bad.Count,5}, {verdicts.Count - good - bad.Count} outside");
            passed += good;
            outside += verdicts.Count - good - bad.Count;
            failed.AddRange(bad.Select(each => $"{each.Name}: {each.Result.Why}"));
        }

        output.WriteLine($"{passed} of {passed + failed.Count} passed, {outside} outside");
        failed.ForEach(output.WriteLine);
        Assert.True(passed >= 0.99 * (passed + failed.Count), $"{failed.Count} scenarios within the subset fail.");
    }
}
