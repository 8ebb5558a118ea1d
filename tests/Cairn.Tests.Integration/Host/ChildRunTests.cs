using System.Diagnostics;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Tests.Integration.ChildRuns;

/// <summary>Runs below a run, over the real journal, layers and sandbox, with scripted models.</summary>
public sealed class ChildRunTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("cairn-child-").FullName;
    private readonly string _repository;

    public ChildRunTests()
    {
        _repository = Path.Combine(_home, "repo");
        Directory.CreateDirectory(_repository);
        File.WriteAllText(Path.Combine(_repository, "a.txt"), "a\n");
        using var git = Process.Start(new ProcessStartInfo("git", ["init", "-q", _repository]))!;
        git.WaitForExit();
    }

    [Fact]
    public async Task A_child_begins_with_its_parent_s_files_and_its_own_are_adopted()
    {
        var model = Script("""
            - tool_calls:
                - { name: run_command, arguments: { command: "cat from-parent.txt > from-child.txt; echo child >> from-child.txt", directory: null, timeout_seconds: 20 } }
                - { name: complete, arguments: { summary: done, outcome: done } }
            """);
        var seen = "";
        var run = await RunAsync(new Agent(async runtime =>
        {
            (await runtime.WriteFileAsync("from-parent.txt", "parent\n", null, default)).OrStop();
            var children = (await runtime.SpawnAsync([new("add a file", model)], adopt: true, default)).OrStop();
            Assert.Equal(RunOutcome.Succeeded, Assert.Single(children).Outcome);
            seen = (await runtime.ReadFileAsync("from-child.txt", default)).OrStop().Text;
            return "adopted";
        }));
        Assert.Equal("succeeded", run.Status);
        Assert.Equal("parent\nchild\n", seen);
        Assert.Equal("parent\nchild\n", File.ReadAllText(Path.Combine(_repository, "from-child.txt")));
    }

    [Fact]
    public async Task Children_side_by_side_never_overspend_what_their_parent_has_left()
    {
        var model = Script("""
            - text: thinking
              usage: { input: 900, output: 100 }
              tool_calls:
                - { name: read_file, arguments: { path: a.txt, start_line: null, end_line: null } }
            - text: done
              usage: { input: 900, output: 100 }
              tool_calls:
                - { name: complete, arguments: { summary: done, outcome: done } }
            """);
        IReadOnlyList<ChildResult> children = [];
        await RunAsync(
            new Agent(async runtime =>
            {
                children = (await runtime.SpawnAsync([.. Enumerable.Range(0, 24).Select(i => new ChildRequest($"task {i}", model))], false, default)).OrStop();
                return "";
            }),
            budget: 120_000);
        Assert.Equal(24, children.Count);
        Assert.True(children.Sum(c => c.Usage.Total) <= 120_000);
        Assert.Contains(children, c => c.Outcome == RunOutcome.Succeeded);
        Assert.Contains(children, c => c.Outcome == RunOutcome.OverBudget);
        Assert.All(children.Where(c => c.Outcome == RunOutcome.OverBudget), c => Assert.Contains("those below it", c.Reason, StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private string Script(string yaml)
    {
        var path = Path.Combine(_home, $"{Guid.NewGuid():N}.yaml");
        File.WriteAllText(path, yaml);
        return $"scripted:{path}";
    }

    private async Task<RunSummary> RunAsync(ICodeAgent agent, long? budget = null)
    {
        var token = TestContext.Current.CancellationToken;
        await using var cairn = CairnHost.Open(new HostOptions(Path.Combine(_home, "state"), new Nobody(), _ => null));
        var run = await cairn.StartAsync(
            new StartRun { Task = "test", Repository = _repository, Merge = MergeMode.Auto, BudgetTokens = budget }, agent, token);
        var summary = await cairn.DriveAsync(run, agent, NoObserver.Instance, token);
        foreach (var each in await cairn.RunsAsync(token))
        {
            var replay = await cairn.VerifyAsync(each.Id, token);
            Assert.True(replay.Passed, replay.Difference);
        }

        return summary;
    }

    private sealed class Agent(Func<AgentRuntime, Task<string>> work) : CodeAgent
    {
        public override string Name => "test-agent";

        protected override async Task<AgentResult> WorkAsync(AgentRuntime runtime, CancellationToken cancellationToken) =>
            new(true, await work(runtime));
    }

    private sealed class Nobody : IHuman
    {
        public Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken) =>
            Task.FromResult<string?>(null);
    }
}
