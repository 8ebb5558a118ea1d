using System.Text.Json;
using Cairn.Tests.Integration.Sandbox;
using Cairn.Tools;

namespace Cairn.Tests.Integration.Tools;

/// <summary>The git tools over a real repository, in real sandboxes.</summary>
public sealed class GitToolTests : IDisposable
{
    private readonly SandboxFixture _fixture = new();

    public GitToolTests() => Host("""
        rm -rf .git; git init -q -b main; git config user.name T; git config user.email t@example.invalid
        git add readme.txt src; git commit -q -m 'first: begin'; echo more >> readme.txt; git commit -q -a -m 'second: more'; git tag v2
        """);

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Status_and_diff_show_the_runs_own_changes_and_the_repository_stays_as_it_was()
    {
        await using var w = _fixture.Open();
        var before = Host("git status --porcelain; find .git -type f | xargs sha256sum");
        await SandboxFixture.Shell(w, "echo mine >> readme.txt; rm src/a.cs; echo new > new.txt");
        var status = await CallAsync(w, "git_status", new { path = (string?)null });
        Assert.Equal("## main\n M readme.txt\n D src/a.cs", string.Join('\n', status.Text.Split('\n').Take(3)));
        Assert.Contains("?? new.txt", status.Text, StringComparison.Ordinal);
        var diff = await CallAsync(w, "git_diff", new { from = (string?)null, to = (string?)null, path = "readme.txt", summary = (bool?)null });
        Assert.Contains("+mine", diff.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("a.cs", diff.Text, StringComparison.Ordinal);
        var summary = await CallAsync(w, "git_diff", new { from = "HEAD~1", to = "v2", path = (string?)null, summary = true });
        Assert.Contains("1 file changed, 1 insertion(+)", summary.Text, StringComparison.Ordinal);
        Assert.Equal(before, Host("git status --porcelain; find .git -type f | xargs sha256sum"));
    }

    [Fact]
    public async Task Log_and_blame_name_commits()
    {
        await using var w = _fixture.Open();
        var log = await CallAsync(w, "git_log", new { revision = (string?)null, path = (string?)null, max_count = 1, files = true });
        Assert.Contains("T: second: more", log.Text, StringComparison.Ordinal);
        Assert.Contains("M\treadme.txt", log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("first", log.Text, StringComparison.Ordinal);
        await SandboxFixture.Shell(w, "echo mine >> readme.txt");
        var blame = (await CallAsync(w, "git_blame", new { path = "readme.txt", revision = (string?)null, start_line = 2, end_line = 3 })).Text.Split('\n');
        Assert.Equal(2, blame.Length);
        Assert.Contains("(T ", blame[0], StringComparison.Ordinal);
        Assert.Contains("Not Committed Yet", blame[1], StringComparison.Ordinal);
        Assert.Contains("(T ", (await CallAsync(w, "git_blame", new { path = "readme.txt", revision = "v2", start_line = 1, end_line = 1 })).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--output=stolen")]
    [InlineData("--ext-diff")]
    [InlineData("")]
    [InlineData("a\nb")]
    public async Task A_revision_is_never_taken_for_an_option(string revision)
    {
        await using var w = _fixture.Open();
        var result = await CallAsync(w, "git_diff", new { from = revision, to = (string?)null, path = (string?)null, summary = (bool?)null });
        Assert.Equal(ToolStatus.Failed, result.Status);
        Assert.Contains("cannot be a revision", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Paths_lead_nowhere_outside_and_are_no_patterns()
    {
        await using var w = _fixture.Open();
        foreach (var path in (string[])["../../etc/passwd", "/etc/passwd", ":(glob)**", "*.txt"])
        {
            var result = await CallAsync(w, "git_log", new { revision = (string?)null, path, max_count = (int?)null, files = (bool?)null });
            Assert.DoesNotContain("second", result.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Nothing_that_the_repository_or_the_agent_configures_is_run()
    {
        Host("""
            git config core.fsmonitor 'echo RAN >&2; touch /tmp/ran #'; git config core.pager 'echo RAN #'; git config diff.external 'echo RAN #'
            git config diff.x.textconv 'echo RAN #'; git config diff.x.command 'echo RAN #'; git config alias.status '!echo RAN'; git config pager.log true
            git config log.showSignature true; git config gpg.program /bin/echo; echo '*.txt diff=x' > .gitattributes
            for h in post-index-change fsmonitor-watchman; do printf '#!/bin/sh\necho RAN >&2\n' > .git/hooks/$h; chmod +x .git/hooks/$h; done
            """);
        await using var w = _fixture.Open();
        await SandboxFixture.Shell(w, "echo mine >> readme.txt; mkdir planted; git init -q planted; git -C planted config core.fsmonitor 'echo RAN >&2 #'");
        foreach (var result in new[]
        {
            await CallAsync(w, "git_status", new { path = (string?)null }),
            await CallAsync(w, "git_diff", new { from = (string?)null, to = (string?)null, path = (string?)null, summary = (bool?)null }),
            await CallAsync(w, "git_log", new { revision = (string?)null, path = (string?)null, max_count = (int?)null, files = (bool?)null }),
            await CallAsync(w, "git_blame", new { path = "readme.txt", revision = (string?)null, start_line = (int?)null, end_line = (int?)null }),
        })
        {
            Assert.Equal(ToolStatus.Ok, result.Status);
            Assert.DoesNotContain("RAN", result.Text + result.Data, StringComparison.Ordinal);
        }
    }

    private static async Task<ToolResult> CallAsync(IWorkspace workspace, string tool, object arguments)
    {
        var registry = new ToolRegistry();
        var json = JsonSerializer.Serialize(arguments);
        Assert.Null(registry.Check(tool, json, new HashSet<string> { tool }));
        using var document = JsonDocument.Parse(json);
        var context = new ToolContext(RunId.Parse("r1"), CallId.Parse("c1"), workspace) { Exact = true };
        return await registry.Find(tool)!.InvokeAsync(context, document.RootElement, TestContext.Current.CancellationToken);
    }

    private string Host(string script)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("bash", ["-c", script])
        {
            WorkingDirectory = _fixture.Repository, RedirectStandardOutput = true, Environment = { ["GIT_CONFIG_GLOBAL"] = "/dev/null", ["GIT_CONFIG_NOSYSTEM"] = "1" },
        })!;
        return process.StandardOutput.ReadToEnd();
    }
}
