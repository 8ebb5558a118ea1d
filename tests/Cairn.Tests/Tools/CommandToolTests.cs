using System.Text.Json;
using Cairn.Tests.Sandbox;

namespace Cairn.Tests.Tools;

public sealed class CommandToolTests
{
    private static ToolBench Bench(SandboxResult result, bool exact = false) =>
        new(new InMemoryWorkspace(("src/a.py", "")) { OnRun = (_, _) => result }, exact);

    private static SandboxResult Ended(int code, string output = "", string error = "", string? limit = null) =>
        new(code, output, error, TimeSpan.FromSeconds(1.5), limit);

    private static Task<ToolResult> Run(ToolBench bench, string command, string? directory = null, int? seconds = null) =>
        bench.Call("run_command", new { command, directory, timeout_seconds = seconds });

    private static Task<ToolResult> Search(ToolBench bench, string pattern, string? path = null, string? glob = null, int? max = null) =>
        bench.Call("search", new { pattern, path, glob, @case = (string?)null, context_lines = (int?)null, max_results = max });

    [Fact]
    public async Task A_command_that_fails_is_an_answer_with_exit_code_time_and_output()
    {
        var result = await Run(Bench(Ended(1, "ran 3\n", "boom\n")), "make test");
        Assert.Equal(ToolStatus.Ok, result.Status);
        Assert.Equal("exit code 1, 1.50 s\n--- output\nran 3\n--- errors\nboom", result.Text);
    }

    [Fact]
    public async Task The_command_is_an_argument_of_the_shell_and_the_limits_are_its_own()
    {
        var bench = Bench(Ended(0));
        await Run(bench, "echo \"$1\"; rm -rf x", "src", 7);
        var command = Assert.Single(bench.Workspace.Commands);
        Assert.Equal("echo \"$1\"; rm -rf x", command.Arguments[^1]);
        Assert.Equal(["sh", "-c"], command.Arguments[..2]);
        Assert.Equal("src", command.Directory);
        Assert.Equal(TimeSpan.FromSeconds(7), command.Limits.Wall);
        Assert.False(command.ReadOnly);
    }

    [Fact]
    public async Task A_limit_that_was_hit_is_named()
    {
        var result = await Run(Bench(Ended(137, "x", limit: "memory")), "python big.py");
        Assert.Equal(("memory", ToolStatus.Ok), (result.LimitHit, result.Status));
        Assert.Contains("limit hit: memory", result.Text, StringComparison.Ordinal);
        Assert.Equal(ToolStatus.TimedOut, (await Run(Bench(Ended(137, limit: "wall time")), "sleep 99")).Status);
    }

    [Fact]
    public async Task Colours_are_dropped_and_other_escapes_made_visible()
    {
        var result = await Run(Bench(Ended(0, "\e[31mred\e[0m\r\n10%\r50%\r100%\n\e]0;owned\a")), "x");
        Assert.EndsWith("--- output\nred\n100%\n␛]0;owned␇", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_is_cut_in_the_middle()
    {
        var result = await Run(Bench(Ended(0, "first\n" + new string('x', 300_000) + "\nlast")), "x");
        Assert.Contains("first", result.Text, StringComparison.Ordinal);
        Assert.Contains("bytes left out", result.Text, StringComparison.Ordinal);
        Assert.EndsWith("last", result.Text, StringComparison.Ordinal);
        Assert.True(result.Text.Length < 30_000);
    }

    [Fact]
    public async Task A_directory_that_does_not_exist_stops_the_command()
    {
        var bench = Bench(Ended(0));
        Assert.Equal(ToolStatus.Failed, (await Run(bench, "ls", "nowhere")).Status);
        Assert.Empty(bench.Workspace.Commands);
    }

    [Fact]
    public async Task A_program_gets_the_whole_result_as_data()
    {
        var result = await Run(Bench(Ended(3, "o\e", "e"), exact: true), "x");
        var data = JsonSerializer.Deserialize(result.Data!, CairnJson.Default.CommandData)!;
        Assert.Equal((3, "o\e", "e", 1500L, false), (data.ExitCode, data.Output, data.Error, data.Milliseconds, data.Passed));
    }

    [Fact]
    public async Task A_search_cannot_smuggle_options_and_reads_only()
    {
        var bench = Bench(Ended(1));
        var result = await Search(bench, "--pre=sh", "src", "--pre=sh");
        var command = Assert.Single(bench.Workspace.Commands);
        Assert.Contains("--regexp=--pre=sh", command.Arguments);
        Assert.Contains("--glob=--pre=sh", command.Arguments);
        Assert.Equal(["--", "./src"], command.Arguments[^2..]);
        Assert.True(command.ReadOnly);
        Assert.Equal("Nothing matches --pre=sh", result.Text);
    }

    [Fact]
    public async Task Matches_are_shown_by_place_with_their_context_up_to_the_limit()
    {
        var output = "./a.py\03-before\n./a.py\04:hit one\n--\n./b\nc.py\09:hit: two\n./d.py\01:hit three\n";
        var result = await Search(Bench(Ended(0, output)), "hit", max: 2);
        Assert.Equal(
            "2 of 3 matches, in 3 files (narrow the search to see the rest)\na.py-3- before\na.py:4: hit one\n--\nb␊c.py:9: hit: two", result.Text);
    }

    [Fact]
    public async Task A_wrong_regular_expression_is_explained()
    {
        var result = await Search(Bench(Ended(2, "", "regex parse error:\n    (\n    ^\nerror: unclosed group")), "(");
        Assert.Equal(ToolStatus.Failed, result.Status);
        Assert.Contains("unclosed group", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_in_a_path_that_does_not_exist_names_what_does()
    {
        Assert.Contains("What exists: src", (await Search(Bench(Ended(0)), "x", "srcs")).Text, StringComparison.Ordinal);
    }
}
