using Cairn.Evals.Judges;
using Cairn.Tests.Sandbox;

namespace Cairn.Tests.Evals;

public sealed class CommandJudgeTests
{
    private static Task<Judgment> Judge(int exit, string output, string error = "", string? limit = null) => new CommandJudge().JudgeAsync(
        new InMemoryWorkspace { OnRun = (_, _) => new SandboxResult(exit, output, error, TimeSpan.FromSeconds(2), limit) },
        new JudgeSpec("make test", 30), null, TestContext.Current.CancellationToken);

    [Theory]
    [InlineData("unittest", "...F\n----\nRan 14 tests in 0.01s\n\nFAILED (failures=1, errors=2, skipped=1)\n", 10, 3, 1)]
    [InlineData("unittest", "Ran 3 tests in 0.001s\n\nOK\n", 3, 0, 0)]
    [InlineData("pytest", "===== 3 failed, 10 passed, 1 skipped, 2 warnings in 0.12s =====", 10, 3, 1)]
    [InlineData("pytest -q", "..\n2 passed in 0.01s\n", 2, 0, 0)]
    [InlineData("node spec", "ℹ tests 5\nℹ suites 0\nℹ pass 4\nℹ fail 1\nℹ cancelled 0\nℹ skipped 2\n", 4, 1, 2)]
    [InlineData("node tap", "TAP version 13\nok 1 - a\n1..2\n# tests 2\n# suites 0\n# pass 1\n# fail 1\n# cancelled 0\n# skipped 0\n", 1, 1, 0)]
    [InlineData("tap", "1..4\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no db\nok 4\n", 2, 1, 1)]
    [InlineData("jest", "Tests:       1 failed, 2 skipped, 4 passed, 7 total\n", 4, 1, 2)]
    [InlineData("vitest", " Test Files  1 failed (1)\n      Tests  1 failed | 4 passed (5)\n", 4, 1, 0)]
    [InlineData("dotnet test", "Passed!  - Failed:     0, Passed:     4, Skipped:     1, Total:     5\nFailed!  - Failed:     2, Passed:     3, Skipped:     0, Total:     5", 7, 2, 1)]
    [InlineData("xunit v3", "   Cairn.Tests  Total: 79, Errors: 1, Failed: 2, Skipped: 3, Not Run: 0, Time: 1.7s", 73, 3, 3)]
    [InlineData("testing platform", "Test run summary: Failed!\n  total: 10\n  failed: 1\n  succeeded: 8\n  skipped: 1\n", 8, 1, 1)]
    [InlineData("go -v", "=== RUN   TestA\n--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.00s)\n    --- SKIP: TestB/x (0.00s)\nFAIL\n", 1, 1, 1)]
    [InlineData("go", "ok  \texample.com/a\t0.2s\nFAIL\texample.com/b\t0.1s\n?   \texample.com/c\t[no test files]\nFAIL\n", 1, 1, 1)]
    [InlineData("ctest", "90% tests passed, 1 tests failed out of 10\n", 9, 1, 0)]
    [InlineData("cargo", "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured\ntest result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured\n", 6, 2, 1)]
    [InlineData("colours", "\e[1m\e[32m2 passed\e[0m, \e[31m1 failed\e[0m in 0.01s", 2, 1, 0)]
    public void The_counts_of_known_runners_are_read(string runner, string output, int passed, int failed, int skipped)
    {
        Assert.NotEmpty(runner);
        Assert.Equal(new TestCounts(passed, failed, skipped), TestCounts.Parse(output));
    }

    [Theory]
    [InlineData("")]
    [InlineData("everything is ok, I promise: 12 passed")]
    [InlineData("error: no such file")]
    public void Other_output_has_no_counts(string output)
    {
        Assert.Null(TestCounts.Parse(output));
    }

    [Fact]
    public void Hostile_output_costs_little_time()
    {
        foreach (var unit in new[] { "\n", " ", "1 1", "ok ", "ok\n", "1..1\nok", "=", "\t", "Ran 1 test in ", "1 passed, ", "Tests: 1 a " })
        {
            TestCounts.Parse(string.Concat(Enumerable.Repeat(unit, 500_000 / unit.Length)));
        }
    }

    [Fact]
    public async Task Only_the_exit_code_decides()
    {
        var lie = await Judge(1, "Ran 3 tests in 0.1s\n\nOK\n");
        Assert.False(lie.Passed);
        var silent = await Judge(0, "");
        Assert.Equal(new Judgment(true, 1, "passed: `make test` exited with 0 after 2.0 s"), silent);
    }

    [Fact]
    public async Task A_failure_reports_counts_rate_and_the_end_of_the_output()
    {
        var judgment = await Judge(1, new string('x', 50_000) + "\n\e[31mAssertionError: 2 != 3\e[0m\n", "Ran 4 tests in 0.1s\n\nFAILED (failures=1)\n");
        Assert.Equal(0.75, judgment.Score);
        Assert.Contains("3 of 4 tests passed", judgment.Report, StringComparison.Ordinal);
        Assert.Contains("AssertionError: 2 != 3\n", judgment.Report, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', judgment.Report);
        Assert.True(judgment.Report.Length < CommandJudge.MaxTailChars + 1000);
    }

    [Theory]
    [InlineData("wall time", "was stopped after 30 s")]
    [InlineData("memory", "was stopped by the limit on memory")]
    public async Task A_limit_that_stopped_the_command_is_a_failure_that_names_it(string limit, string expected)
    {
        var judgment = await Judge(0, "", limit: limit);
        Assert.False(judgment.Passed);
        Assert.Contains(expected, judgment.Report, StringComparison.Ordinal);
    }
}
