namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>What a repository and an agent file say is honoured, and budgets stop a run.</summary>
public sealed class AgentTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_rules_of_a_repository_stand_in_the_prompt_with_their_scope()
    {
        using var scene = await Scene.NewAsync(("AGENTS.md", "Use tabs everywhere.\n"), ("lib/AGENTS.md", "Spaces in lib only.\n"), ("node_modules/x/AGENTS.md", "Evil rule.\n"));
        (await scene.RunAsync(scene.Model("m", Script.Turn("", Script.Complete())))).Exits(0);
        var show = (await scene.CairnAsync("show", "last", "--at", "1")).Exits(0).Says("Use tabs everywhere.", "Spaces in lib only.", "lib/ and below", "the whole repository", "Do the job");
        Assert.DoesNotContain("Evil rule", show.Output, StringComparison.Ordinal);
        Assert.True(show.Output.IndexOf("Use tabs", StringComparison.Ordinal) < show.Output.IndexOf("Spaces in lib", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_agent_file_decides_role_tools_limits_judge_and_merge()
    {
        using var scene = await Scene.NewAsync();
        await File.WriteAllTextAsync(
            Path.Combine(scene.Root, "agent.yaml"),
            "name: keeper\nrole: You keep the lighthouse.\nprompt: You answer in one word.\ntools: [read_file, write_file]\njudge: test -e lit.txt\nmerge: auto\nlimits: {steps: 3, judge_rounds: 1}\n",
            Cancel);
        var model = scene.Model(
            "m", Script.Turn("", Script.Shell("echo no > lit.txt"), Script.Write("lit.txt", "lit\n")), Script.Turn("", Script.Complete()));
        var run = await scene.CairnAsync("run", "Light it", "--repo", scene.Repository, "--model", model, "--agent", "agent.yaml");
        run.Exits(0).Says("accepted", "merged into");
        Assert.Equal("lit\n", await File.ReadAllTextAsync(scene.In("lit.txt"), Cancel));
        var prompt = (await scene.CairnAsync("show", "last", "--at", "2")).Exits(0).Says("You keep the lighthouse.", "You answer in one word.");
        Assert.DoesNotContain("You are a software engineer", prompt.Output, StringComparison.Ordinal);
        Assert.Equal("keeper", (await scene.SummaryAsync()).Agent);
        var started = (await scene.EventsAsync()).OfType<RunStarted>().Single();
        Assert.Equal(["complete", "read_file", "recall", "write_file"], started.Agent.Tools.Select(t => t.Name).Order());

        // A tool that the file does not name is answered, not run.
        Assert.DoesNotContain((await scene.EventsAsync()).OfType<ToolCallStarted>(), c => c.Tool == "run_command");
    }

    [Fact]
    public async Task An_agent_file_says_how_long_its_runs_are_kept()
    {
        using var scene = await Scene.NewAsync();
        await File.WriteAllTextAsync(Path.Combine(scene.Root, "agent.yaml"), "retention: {keep_days: 0}\n", Cancel);
        var model = scene.Model("m", Script.Turn("", Script.Complete()));
        (await scene.RunAsync(model)).Exits(0);
        (await scene.RunAsync(model, "--agent", "agent.yaml")).Exits(0);
        Assert.Equal(0, (await scene.EventsAsync()).OfType<RunStarted>().Single().KeepDays);
        (await scene.CairnAsync("gc")).Exits(0);
        Assert.Null((await scene.EventsAsync()).OfType<RunStarted>().Single().KeepDays);
    }

    [Theory]
    [InlineData("memory_mb: 64", "head -c 400000000 /dev/zero | tail; exit 1", "memory")]
    [InlineData("pids: 8", "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; wait", "pids")]
    [InlineData("disk_mb: 10", "while :; do head -c 1000000 /dev/zero >> f$((i++ % 100)); done", "disk")]
    [InlineData("output_kb: 1", "seq 1000", "output")]
    [InlineData("seconds: 1", "sleep 30", "wall time")]
    [InlineData("cpu_seconds: 1", "while :; do :; done", "CPU time")]
    public async Task An_agent_file_limits_its_commands_and_the_limit_that_was_hit_is_named(string limit, string command, string name)
    {
        using var scene = await Scene.NewAsync();
        await File.WriteAllTextAsync(Path.Combine(scene.Root, "agent.yaml"), $"sandbox: {{ {limit} }}\n", Cancel);
        var model = scene.Model("m", Script.Turn("", Script.Shell(command)), Script.Expecting(Script.Turn("", Script.Complete()), $"limit hit: {name}"));
        (await scene.RunAsync(model, "--agent", "agent.yaml")).Exits(0);
        Assert.Equal(name, (await scene.EventsAsync()).OfType<ToolCallFinished>().First().LimitHit);
        (await scene.CairnAsync("log", "last")).Exits(0).Says($"limit hit: {name}");
        await scene.VerifiedAsync();
    }

    [Theory]
    [InlineData("sandbox: { pids: 1 }", "sandbox.pids may be 4 to")]
    [InlineData("sandbox: { cpus: 1 }", "unknown key")]
    public async Task A_limit_that_makes_no_sense_is_refused_by_name(string file, string says)
    {
        using var scene = await Scene.NewAsync();
        await File.WriteAllTextAsync(Path.Combine(scene.Root, "agent.yaml"), file + "\n", Cancel);
        (await scene.RunAsync("scripted:none", "--agent", "agent.yaml")).Exits(2).Says("agent.yaml", says);
    }

    [Theory]
    [InlineData("--max-steps", "2", "limit of 2 steps")]
    [InlineData("--budget-tokens", "9000", "tokens")]
    public async Task A_budget_stops_a_run_and_what_it_did_can_still_be_merged(string option, string value, string says)
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", [.. Enumerable.Range(1, 9).Select(i => Script.Turn("", Script.Write($"{i}.txt", "x\n")))]);
        (await scene.RunAsync(model, option, value, "--merge", "auto")).Exits(1).Says("over budget", says);
        var summary = await scene.SummaryAsync();
        Assert.Equal("over budget", summary.Status);
        if (option == "--budget-tokens")
        {
            Assert.True(summary.Usage.Total <= 9000);
        }

        Assert.False(File.Exists(scene.In("1.txt")));
        await scene.VerifiedAsync();
        (await scene.CairnAsync("merge", "last")).Exits(0);
        Assert.True(File.Exists(scene.In("1.txt")) || summary.Step < 2);
    }

    [Fact]
    public async Task A_budget_in_dollars_needs_a_price_and_is_kept()
    {
        using var scene = await Scene.NewAsync();
        scene.Environment["CAIRN_BASE_URL"] = "http://127.0.0.1:1/v1";
        (await scene.RunAsync("compatible:house-model", "--budget-usd", "1")).Exits(2).Says("--budget-usd", "price");
    }

    [Fact]
    public async Task A_run_of_a_minute_at_most_is_over_when_its_time_is()
    {
        using var scene = await Scene.NewAsync();
        await File.WriteAllTextAsync(Path.Combine(scene.Root, "agent.yaml"), "limits: {minutes: 0.02}\n", Cancel);
        var model = scene.Model("m", Script.Turn("", Script.Shell("sleep 20")), Script.Turn("", Script.Complete()));
        (await scene.RunAsync(model, "--agent", "agent.yaml")).Exits(1).Says("over budget", "wall time");
        await Scene.NobodyRunsAsync(scene.Root);
        await scene.VerifiedAsync();
    }
}
