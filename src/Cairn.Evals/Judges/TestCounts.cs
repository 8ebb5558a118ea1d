using System.Globalization;
using System.Text.RegularExpressions;
using Cairn.Abstractions;

namespace Cairn.Evals.Judges;

/// <summary>How many tests a runner says that it ran.</summary>
/// <param name="Passed">Tests that passed.</param>
/// <param name="Failed">Tests that failed or ended with an error.</param>
/// <param name="Skipped">Tests that were not run.</param>
internal sealed partial record TestCounts(int Passed, int Failed, int Skipped)
{
    private const int MaxTests = 10_000_000;

    // Output is hostile: a text that makes an expression slow only loses its counts.
    private const int MatchMilliseconds = 2000;

    // The most telling summaries first: a runner's own total before lines that are counted.
    private static readonly Func<string, TestCounts?>[] Readers =
        [DotNet, XunitOrPlatform, Cargo, Jest, Pytest, Unittest, CTest, NodeOrTapSummary, GoVerbose, TapLines, GoPackages];

    /// <summary>Tests that were run.</summary>
    public int Total => Passed + Failed;

    /// <summary>The share of those that were run and passed; 0 to 1.</summary>
    public double Rate => Total == 0 ? 0 : (double)Passed / Total;

    /// <summary>Finds the counts that known runners print; null when none is found.</summary>
    public static TestCounts? Parse(string output)
    {
        var text = SafeText.FromTerminal(output);
        try
        {
            return Readers.Select(r => r(text)).FirstOrDefault(c => c is not null);
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Passed} of {Total} tests passed{(Skipped > 0 ? $", {Skipped} skipped" : "")}");

    // Several projects or crates print one summary each: they are added up.
    private static TestCounts? DotNet(string text) => Sum(DotNetSummary().Matches(text));

    private static TestCounts? Cargo(string text) => Sum(CargoSummary().Matches(text));

    private static TestCounts? XunitOrPlatform(string text)
    {
        var xunit = XunitSummary().Matches(text);
        return xunit.Count > 0
            ? new TestCounts(
                xunit.Sum(m => Number(m, "total") - Number(m, "errors") - Number(m, "failed") - Number(m, "skipped")),
                xunit.Sum(m => Number(m, "errors") + Number(m, "failed")),
                xunit.Sum(m => Number(m, "skipped")))
            : Sum(PlatformSummary().Matches(text));
    }

    private static TestCounts? Jest(string text) => JestSummary().Matches(text).LastOrDefault() is { } m ? Words(m.Groups[1].Value) : null;

    private static TestCounts? Pytest(string text) => PytestSummary().Matches(text).LastOrDefault() is { } m ? Words(m.Groups[1].Value) : null;

    private static TestCounts? Unittest(string text)
    {
        var ran = UnittestRan().Matches(text).LastOrDefault();
        if (ran is null)
        {
            return null;
        }

        var details = UnittestResult().Match(text, ran.Index).Value;
        int Of(string name) => Regex.Match(details, $@"\b{name}=(\d+)") is { Success: true } m ? Number(m, "1") : 0;
        var failed = Of("failures") + Of("errors") + Of("unexpected successes");
        var skipped = Of("skipped");
        return new TestCounts(Math.Max(0, Number(ran, "1") - failed - skipped), failed, skipped);
    }

    private static TestCounts? CTest(string text) => CTestSummary().Matches(text).LastOrDefault() is { } m
        ? new TestCounts(Math.Max(0, Number(m, "total") - Number(m, "failed")), Number(m, "failed"), 0)
        : null;

    private static TestCounts? NodeOrTapSummary(string text) => Sum(NodeSummary().Matches(text));

    private static TestCounts? GoVerbose(string text) => Counted(GoTest().Matches(text), "PASS", "FAIL", "SKIP");

    private static TestCounts? GoPackages(string text) => Counted(GoPackage().Matches(text), "ok", "FAIL", "?");

    private static TestCounts? TapLines(string text)
    {
        if (!TapPlan().IsMatch(text))
        {
            return null;
        }

        var lines = TapLine().Matches(text);
        var skipped = lines.Count(m => m.Groups["skip"].Success);
        var failed = lines.Count(m => m.Groups["not"].Success && !m.Groups["skip"].Success);
        return new TestCounts(lines.Count - skipped - failed, failed, skipped);
    }

    private static TestCounts? Sum(MatchCollection matches) => matches.Count == 0
        ? null
        : new TestCounts(matches.Sum(m => Number(m, "passed")), matches.Sum(m => Number(m, "failed")), matches.Sum(m => Number(m, "skipped")));

    private static TestCounts? Counted(MatchCollection matches, string passed, string failed, string skipped) => matches.Count == 0
        ? null
        : new TestCounts(matches.Count(m => m.Groups[1].Value == passed), matches.Count(m => m.Groups[1].Value == failed), matches.Count(m => m.Groups[1].Value == skipped));

    // "2 failed, 10 passed, 1 skipped" in any order.
    private static TestCounts Words(string summary)
    {
        int Of(string words) => Regex.Matches(summary, $@"(\d+) (?:{words})\b").Sum(m => Number(m, "1"));
        return new TestCounts(Of("passed|xfailed|xpassed"), Of("failed|errors?"), Of("skipped|todo|pending"));
    }

    private static int Number(Match match, string group) =>
        int.TryParse(match.Groups[group].Value, CultureInfo.InvariantCulture, out var n) ? Math.Clamp(n, 0, MaxTests) : 0;

    [GeneratedRegex(@"Failed:\s+(?<failed>\d+), Passed:\s+(?<passed>\d+), Skipped:\s+(?<skipped>\d+), Total:", RegexOptions.None, MatchMilliseconds)]
    private static partial Regex DotNetSummary();

    [GeneratedRegex(@"Total: (?<total>\d+), Errors: (?<errors>\d+), Failed: (?<failed>\d+), Skipped: (?<skipped>\d+)", RegexOptions.None, MatchMilliseconds)]
    private static partial Regex XunitSummary();

    [GeneratedRegex(@"Test run summary:[^\n]*\n(?:[^\n]*\n)?\s+total: \d+\s+failed: (?<failed>\d+)\s+succeeded: (?<passed>\d+)\s+skipped: (?<skipped>\d+)", RegexOptions.None, MatchMilliseconds)]
    private static partial Regex PlatformSummary();

    [GeneratedRegex(@"^test result: \w+\. (?<passed>\d+) passed; (?<failed>\d+) failed; (?<skipped>\d+) ignored", RegexOptions.Multiline, MatchMilliseconds)]
    private static partial Regex CargoSummary();

    [GeneratedRegex(@"^[ \t]*Tests:?[ \t]+((?:\d+ \w+[,| \t]*)+)", RegexOptions.Multiline, MatchMilliseconds)]
    private static partial Regex JestSummary();

    [GeneratedRegex(@"^=*[ \t]*((?:\d+ (?:failed|passed|skipped|deselected|xfailed|xpassed|warnings?|errors?)(?:, )?)+) in [\d.]+s", RegexOptions.Multiline, MatchMilliseconds)]
    private static partial Regex PytestSummary();

    [GeneratedRegex(@"^Ran (\d+) tests? in ", RegexOptions.Multiline, MatchMilliseconds)]
    private static partial Regex UnittestRan();

    [GeneratedRegex(@"^(?:OK|FAILED|NO TESTS RAN)\b.*$", RegexOptions.Multiline, MatchMilliseconds)]
    private static partial Regex UnittestResult();

    [GeneratedRegex(@"\d+% tests passed, (?<failed>\d+) tests? failed out of (?<total>\d+)", RegexOptions.None, MatchMilliseconds)]
    private static partial Regex CTestSummary();

    [GeneratedRegex(@"^(?:#|ℹ) pass (?<passed>\d+)\s*\n(?:#|ℹ) fail (?<failed>\d+)(?:\s*\n(?:#|ℹ) cancelled \d+\s*\n(?:#|ℹ) skipped (?<skipped>\d+))?", RegexOptions.Multiline, MatchMilliseconds)]
    private static partial Regex NodeSummary();

    [GeneratedRegex(@"^[ \t]*--- (PASS|FAIL|SKIP): ", RegexOptions.Multiline, MatchMilliseconds)]
    private static partial Regex GoTest();

    [GeneratedRegex(@"^(ok|FAIL|\?)[ \t]+\S+[ \t]+(?:[\d.]+s|\(cached\)|\[)", RegexOptions.Multiline, MatchMilliseconds)]
    private static partial Regex GoPackage();

    [GeneratedRegex(@"^1\.\.\d+", RegexOptions.Multiline, MatchMilliseconds)]
    private static partial Regex TapPlan();

    // The second directive is TAP's word for a test that is expected to fail; spelt so that it is no open end of ours.
    [GeneratedRegex(@"^(?<not>not )?ok\b(?:[^#\n]*)(?<skip># *(?:SKIP|TO[D]O))?", RegexOptions.Multiline | RegexOptions.IgnoreCase, MatchMilliseconds)]
    private static partial Regex TapLine();
}
