using System.Diagnostics;
using System.Text.Json;
using Cairn.Tests.Sandbox;
using Cairn.Tools;

namespace Cairn.Tests.Integration.Tools;

/// <summary>The search tool with the real ripgrep, over a directory: what is sent and what is read fit together.</summary>
public sealed class RipgrepTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cairn-rg-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Matches_are_found_by_place_in_files_of_any_name()
    {
        Put("src/a.py", "import os\nTOTAL = 1\nprint(TOTAL)\n");
        Put("b\nc:3:d.py", "TOTAL\r\n");
        Put(".git/config", "TOTAL\n");
        Put("ignored.py", "TOTAL\n");
        Put(".gitignore", "ignored.py\n");
        Put("bin.dat", "TOTAL\0\n");
        var data = await Search("TOTAL");
        Assert.Equal(
            [new SearchMatch("b\nc:3:d.py", 1, "TOTAL"), new SearchMatch("src/a.py", 2, "TOTAL = 1"), new SearchMatch("src/a.py", 3, "print(TOTAL)")],
            data.Matches);
    }

    [Theory]
    [InlineData("--files", null)]
    [InlineData("-e", null)]
    [InlineData("x", "--pre=sh")]
    public async Task Nothing_that_an_agent_gives_is_taken_for_an_option(string pattern, string? glob)
    {
        Put("a.txt", "one\n");
        Assert.Empty((await Search(pattern, glob)).Matches);
        Put("b.txt", "--files -e\n");
        Assert.Equal(glob is null ? 1 : 0, (await Search(pattern, glob)).Matches.Length);
    }

    [Fact]
    public async Task Globs_case_and_context_are_followed()
    {
        Put("a.cs", "one\nTwo\nthree\n");
        Put("a.py", "two\n");
        var result = await Call(new { pattern = "two", path = (string?)null, glob = "*.cs", @case = "smart", context_lines = 1, max_results = 5 });
        Assert.Equal("1 match in 1 file\na.cs-1- one\na.cs:2: Two\na.cs-3- three", result.Text);
    }

    [Fact]
    public async Task A_wrong_expression_is_explained()
    {
        Put("a", "x");
        var result = await Call(new { pattern = "(", path = (string?)null, glob = (string?)null, @case = (string?)null, context_lines = (int?)null, max_results = (int?)null });
        Assert.Equal(ToolStatus.Failed, result.Status);
        Assert.Contains("unclosed group", result.Text, StringComparison.Ordinal);
    }

    private void Put(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_root, path))!);
        File.WriteAllText(Path.Combine(_root, path), text);
    }

    private async Task<SearchData> Search(string pattern, string? glob = null)
    {
        var result = await Call(new { pattern, path = (string?)null, glob, @case = (string?)null, context_lines = (int?)null, max_results = (int?)null });
        Assert.Equal(ToolStatus.Ok, result.Status);
        return JsonSerializer.Deserialize(result.Data!, CairnJson.Default.SearchData)!;
    }

    private async Task<ToolResult> Call(object arguments)
    {
        var registry = new ToolRegistry();
        var json = JsonSerializer.Serialize(arguments);
        Assert.Null(registry.Check("search", json, new HashSet<string> { "search" }));
        using var document = JsonDocument.Parse(json);
        var workspace = new InMemoryWorkspace { OnRun = (_, command) => Run(command) };
        var context = new ToolContext(RunId.Parse("r"), CallId.Parse("c"), workspace) { Exact = true };
        return await registry.Find("search")!.InvokeAsync(context, document.RootElement, TestContext.Current.CancellationToken);
    }

    private SandboxResult Run(SandboxCommand command)
    {
        var start = new ProcessStartInfo(command.Arguments[0], command.Arguments.Skip(1))
        {
            WorkingDirectory = _root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new SandboxResult(process.ExitCode, output, error.GetAwaiter().GetResult(), TimeSpan.Zero, null);
    }
}
