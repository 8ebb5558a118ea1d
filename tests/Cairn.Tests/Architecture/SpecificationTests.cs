using System.Text.RegularExpressions;

namespace Cairn.Tests.Architecture;

/// <summary>A promise counts only with the test that shows it: every test that the specification names must exist.</summary>
public sealed partial class SpecificationTests
{
    [Fact]
    public void Every_promise_names_tests_that_exist()
    {
        var page = Path.Combine(SourceTree.Root, "docs", "SPECIFICATION.md");
        SourceTree.AssertNone(Broken(File.ReadAllText(page), name => Path.Combine(Path.GetDirectoryName(page)!, name)));
    }

    [Fact]
    public void A_promise_without_a_test_and_a_test_that_does_not_exist_are_found()
    {
        const string page = """
            | promise | number | shown by |
            |---|---|---|
            | flies | | |
            | swims | | [SpecificationTests](here.cs) `No_such_test` |
            | walks | | [SpecificationTests](here.cs) `There_is_this_test` |
            """;
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "void There_is_this_test()");
        var broken = Broken(page, _ => file).ToList();
        File.Delete(file);
        Assert.Equal(2, broken.Count);
        Assert.Contains("flies", broken[0], StringComparison.Ordinal);
        Assert.Contains("No_such_test", broken[1], StringComparison.Ordinal);
    }

    private static IEnumerable<string> Broken(string page, Func<string, string> path)
    {
        foreach (var row in page.Split('\n').Where(l => l.StartsWith('|') && !l.StartsWith("|---", StringComparison.Ordinal) && !l.StartsWith("| promise", StringComparison.Ordinal)))
        {
            var shown = Shown().Matches(row);
            if (shown.Count == 0)
            {
                yield return $"no test shows: {row}";
            }

            foreach (Match match in shown)
            {
                var text = File.ReadAllText(path(match.Groups["file"].Value));
                foreach (Capture test in match.Groups["test"].Captures)
                {
                    if (!text.Contains($" {test.Value}(", StringComparison.Ordinal))
                    {
                        yield return $"{match.Groups["file"].Value} has no test {test.Value}";
                    }
                }
            }
        }
    }

    [GeneratedRegex(@"\[\w+\]\((?<file>[^)]+)\)(?:\s+`(?<test>\w+)`)+")]
    private static partial Regex Shown();
}
