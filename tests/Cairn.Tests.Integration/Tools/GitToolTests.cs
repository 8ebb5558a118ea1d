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

    [Fact]
    public async Task A_commit_is_the_runs_own_and_the_repository_stays_byte_for_byte_as_it_was()
    {
        Host("echo build/ > .gitignore; git add .gitignore; git commit -q -m ignore; git add -N empty 2>/dev/null; echo staged > staged.txt; git add staged.txt");
        var before = Host("git status --porcelain; find .git -type f | sort | xargs sha256sum");
        await using var w = _fixture.Open();
        await SandboxFixture.Shell(w, "echo mine >> readme.txt; rm src/a.cs; mkdir build; echo x > build/out; printf 'crlf\\r\\n' > 'odd name.txt'; chmod +x src/deep/b.cs");
        var result = await CallAsync(w, "git_commit", new { message = "Change much", branch = (string?)null, paths = (string[]?)null });
        Assert.True(result.Status == ToolStatus.Ok, result.Text);
        Assert.Contains("on cairn/r1.", result.Text, StringComparison.Ordinal);
        foreach (var line in (string[])["M\treadme.txt", "D\tsrc/a.cs", "A\todd name.txt", "M\tsrc/deep/b.cs", "A\tstaged.txt"])
        {
            Assert.Contains(line, result.Text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("build/out", result.Text, StringComparison.Ordinal);
        Assert.Equal(before, Host("git status --porcelain; find .git -type f | sort | xargs sha256sum"));
        var log = await CallAsync(w, "git_log", new { revision = "cairn/r1", path = (string?)null, max_count = 2, files = (bool?)null });
        Assert.Contains("Cairn agent: Change much", log.Text, StringComparison.Ordinal);
        Assert.Contains("T: ignore", log.Text, StringComparison.Ordinal);
        Assert.Contains("Nothing differs", (await CallAsync(w, "git_commit", new { message = "Again", branch = (string?)null, paths = (string[]?)null })).Text, StringComparison.Ordinal);
        await SandboxFixture.Shell(w, "echo more > more.txt; echo other > other.txt");
        Assert.DoesNotContain("other", (await CallAsync(w, "git_commit", new { message = "One", branch = (string?)null, paths = (string[]?)["more.txt"] })).Text, StringComparison.Ordinal);
        var blocked = await SandboxFixture.Shell(w, "git -c safe.directory='*' update-ref refs/heads/main cairn/r1; echo x > .git/config");
        Assert.NotEqual(0, blocked.ExitCode);
        Assert.Equal("", (await SandboxFixture.Shell(w, "git -c safe.directory='*' fsck --no-dangling 2>&1 | grep -v '^notice'")).Output);
    }

    [Fact]
    public async Task A_commit_lives_in_the_runs_layers_is_rolled_back_with_them_and_never_merged()
    {
        await using var w = _fixture.Open();
        await SandboxFixture.Shell(w, "echo mine >> readme.txt");
        await CallAsync(w, "git_commit", new { message = "Kept", branch = "topic/a", paths = (string[]?)null });
        var layer = w.Freeze(LayerId.Parse("l1"))!;
        Assert.Equal([".git", "readme.txt"], layer.Changes.Select(c => c.Path));
        await using (var later = _fixture.Open("r3", "l1"))
        {
            Assert.Contains("Kept", (await CallAsync(later, "git_log", new { revision = "cairn/topic/a", path = (string?)null, max_count = 1, files = (bool?)null })).Text, StringComparison.Ordinal);
        }

        var plan = _fixture.Store.PlanMerge(_fixture.Repository, layer.Layer);
        Assert.Equal(["readme.txt"], plan.Changes.Select(c => c.Path));
        Assert.Contains("never merged", Assert.Single(plan.LeftOut), StringComparison.Ordinal);
        var head = Host("git rev-parse HEAD; git for-each-ref");
        _fixture.Store.ApplyMerge(plan);
        Assert.Equal(head, Host("git rev-parse HEAD; git for-each-ref"));
        await using var earlier = _fixture.Open("r2");
        Assert.Equal(ToolStatus.Failed, (await CallAsync(earlier, "git_log", new { revision = "cairn/topic/a", path = (string?)null, max_count = 1, files = (bool?)null })).Status);
    }

    [Fact]
    public async Task A_commit_runs_no_hook_filter_or_program_of_the_repository_and_takes_no_branch_that_is_not_the_runs()
    {
        Host("""
            git config filter.x.clean 'touch /tmp/ran; echo RAN'; git config filter.x.smudge 'echo RAN'; git config filter.x.process 'echo RAN'; git config filter.x.required true
            git config core.fsmonitor 'touch /tmp/ran #'; git config commit.gpgSign true; git config gpg.program /bin/false; git config core.hooksPath .git/hooks; git config core.autocrlf true
            git config user.name Evil; git config init.templateDir /nonexistent; git config include.path ../evil.config
            for h in pre-commit commit-msg prepare-commit-msg post-commit reference-transaction post-index-change; do printf '#!/bin/sh\ntouch /tmp/ran\necho RAN >&2\n' > .git/hooks/$h; chmod +x .git/hooks/$h; done
            """.Replace("\\n", "\n", StringComparison.Ordinal));
        await using var w = _fixture.Open();
        await SandboxFixture.Shell(w, "echo '*.txt filter=x' > .gitattributes; printf 'as it is\\r\\n' > new.txt");
        var result = await CallAsync(w, "git_commit", new { message = "Plain", branch = (string?)null, paths = (string[]?)null });
        Assert.True(result.Status == ToolStatus.Ok, result.Text);
        Assert.DoesNotContain("RAN", result.Text + result.Data, StringComparison.Ordinal);
        var shown = await SandboxFixture.Shell(w, "ls /tmp/ran 2>&1; git -c safe.directory='*' cat-file blob cairn/r1:new.txt | od -c | head -n 1; git -c safe.directory='*' log -1 --format=%an cairn/r1");
        Assert.Contains("No such file", shown.Output, StringComparison.Ordinal);
        Assert.Contains("\\r  \\n", shown.Output, StringComparison.Ordinal);
        Assert.Contains("Cairn agent", shown.Output, StringComparison.Ordinal);
        foreach (var branch in (string[])["../main", "-x", "a..b", "a.lock", "a b", ".hidden", "/x", "x/", "x.", ""])
        {
            var refused = await CallAsync(w, "git_commit", new { message = "No", branch, paths = (string[]?)null });
            Assert.True(refused.Status == ToolStatus.Failed, branch);
        }

        Assert.Equal(ToolStatus.Failed, (await CallAsync(w, "git_commit", new { message = "No", branch = (string?)null, paths = (string[]?)[".git/config"] })).Status);
        Assert.Equal(ToolStatus.Failed, (await CallAsync(w, "git_commit", new { message = " ", branch = (string?)null, paths = (string[]?)null })).Status);
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
