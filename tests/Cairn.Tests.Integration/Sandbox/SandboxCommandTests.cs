using static Cairn.Tests.Integration.Sandbox.SandboxFixture;

namespace Cairn.Tests.Integration.Sandbox;

/// <summary>Commands over layers: what they see, what they change.</summary>
public abstract class SandboxCommandTests(string backend) : IDisposable
{
    private readonly SandboxFixture _fixture = new(options: new() { Backend = backend });

    public void Dispose()
    {
        _fixture.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_command_sees_the_merged_view_at_the_repositorys_own_path()
    {
        await using var w = _fixture.Open();
        w.Write("new.txt", "new\n"u8, null);
        var result = await Shell(w, "pwd; cat readme.txt new.txt; cat inside");
        Assert.Equal((0, $"{_fixture.Repository}\nhello\nnew\na\n", ""), (result.ExitCode, result.Output, result.Error));
        Assert.False(File.Exists(_fixture.In("new.txt")));
    }

    [Fact]
    public async Task What_a_command_makes_changes_and_deletes_is_in_the_frozen_layer()
    {
        await using var w = _fixture.Open();
        var result = await Shell(w, """
            echo changed > readme.txt; rm src/a.cs; mkdir made; echo x > made/x; chmod 700 run.sh
            rm -r src/deep; mkdir src/deep; echo c > src/deep/c.cs; rmdir empty; echo file > empty; ln -s made/x link; touch -h inside
            """);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var changes = w.Freeze(LayerId.Parse("l1"))!;
        Assert.Equal(
            [
                "Modified File empty", "Added Link link", "Added Directory made", "Added File made/x", "Modified File readme.txt",
                "Modified File run.sh", "Deleted File src/a.cs", "Deleted File src/deep/b.cs", "Added File src/deep/c.cs",
            ],
            changes.Changes.Select(c => $"{c.Change} {c.Kind} {c.Path}"));
        Assert.Equal("changed\n"u8.ToArray(), _fixture.Store.Content(BlobHash.OfText("changed\n")));
        Assert.Equal("hello\n", File.ReadAllText(_fixture.In("readme.txt")));
        Assert.Equal((0x1ED, 0x1C0), changes.Changes.Where(c => c.Path == "run.sh").Select(c => (c.BeforeMode, c.AfterMode)).Single());
    }

    [Fact]
    public async Task A_program_that_is_not_there_ends_with_127()
    {
        await using var w = _fixture.Open();
        var result = await w.RunAsync(new SandboxCommand(["no-such-program"]), TestContext.Current.CancellationToken);
        Assert.Equal(127, result.ExitCode);
        Assert.Contains("not found", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exit_codes_input_directory_and_variables_arrive()
    {
        await using var w = _fixture.Open();
        var command = new SandboxCommand(["sh", "-c", "cat; pwd; echo $A; exit 7"])
        {
            Input = "in\n"u8.ToArray(),
            Directory = "src",
            Environment = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty.Add("A", "b c"),
        };
        var result = await w.RunAsync(command, TestContext.Current.CancellationToken);
        Assert.Equal((7, $"in\n{_fixture.Repository}/src\nb c\n"), (result.ExitCode, result.Output));
        Assert.Equal(143, (await Shell(w, "kill -TERM $$")).ExitCode);
    }

    [Fact]
    public async Task A_read_only_command_changes_nothing_and_many_run_at_once()
    {
        await using var w = _fixture.Open();
        w.Write("new.txt", "new\n"u8, null);
        var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Shell(w, "cat new.txt; echo x > readme.txt", readOnly: true)));
        Assert.All(results, r => Assert.Equal("new\n", r.Output));
        Assert.All(results, r => Assert.Contains("Read-only", r.Error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Git_is_read_only_to_commands()
    {
        await using var w = _fixture.Open();
        var result = await Shell(w, "cat .git/config; echo evil > .git/hooks/pre-commit; mv .git .old; rm -rf .git; ls .git");
        Assert.Contains("config", result.Output, StringComparison.Ordinal);
        Assert.Null(w.Freeze(LayerId.Parse("l1")));
    }

    [Fact]
    public async Task What_a_command_is_shown_beside_the_workspace_is_read_only_and_not_there_for_the_next()
    {
        var shown = _fixture.In("../shown");
        Directory.CreateDirectory(shown);
        await File.WriteAllTextAsync(Path.Combine(shown, "text"), "beside\n", TestContext.Current.CancellationToken);
        await using var w = _fixture.Open();
        const string look = "cat /run/shown/text /run/one; touch /run/shown/x; echo x > /run/one; ls /run | grep -v cairn-watched"; // bubblewrap keeps its watcher there
        var command = new SandboxCommand(["sh", "-c", look + "; echo trap > /run/trap"]) { Mounts = [new(shown, "/run/shown"), new(Path.Combine(shown, "text"), "/run/one")] };
        for (var time = 0; time < 2; time++)
        {
            var result = await w.RunAsync(command, TestContext.Current.CancellationToken);
            Assert.StartsWith("beside\nbeside\none\nshown\n", result.Output, StringComparison.Ordinal);
            Assert.Equal(2, result.Error.Split("Read-only file system").Length - 1);
        }

        Assert.Equal("", (await Shell(w, "ls /run | grep -v cairn-watched")).Output);
        Assert.Equal("text", Path.GetFileName(Assert.Single(Directory.GetFiles(shown))));
        Assert.Null(w.Freeze(LayerId.Parse("l1")));
    }
}
