using System.Text.Json.Nodes;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>Wrong input: a clear line, exit code 2, nothing of .NET shown, nothing changed.</summary>
public sealed class BadInputTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Lines => new()
    {
        { "run|x|--merge|sometimes", "--merge auto|ask|never" },
        { "run|x|--max-steps|abc", "--max-steps N" },
        { "run|x|--budget-usd|much", "--budget-usd N" },
        { "run|x|--bogus", "--bogus" },
        { "run", "task" },
        { "bogus", "bogus" },
        { "rollback|last", "checkpoint" },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task A_command_line_that_cannot_be_understood_is_answered_with_what_is_wrong(string line, string says)
    {
        using var scene = new Scene();
        var arguments = line.Split('|');
        var text = (await scene.CairnAsync(arguments)).Exits(2).Says(says, "--help");
        Assert.DoesNotContain("System.", text.All, StringComparison.Ordinal);
        Assert.DoesNotContain("Cairn.Abstractions", text.All, StringComparison.Ordinal);
        Assert.Equal("", text.Output);
        var json = (await scene.CairnAsync([.. arguments, "--json"])).Exits(2);
        Assert.Equal(2, JsonNode.Parse(json.Output)!["exitCode"]!.GetValue<int>());
        Assert.False(Directory.Exists(scene.State));
    }

    public static TheoryData<string, string> AgentFiles => new()
    {
        { "name: a\nrols: x\n", "unknown key 'rols'" },
        { "tools: [read_file, fly]\n", "unknown tools fly" },
        { "limits: {steps: 0}\n", "greater than 0" },
        { "limits: {minutes: .nan}\n", "greater than 0" },
        { "limits: {minutes: 1e300}\n", "minutes may be at most" },
        { "limits: {steps: many}\n", "line 1" },
        { "merge: perhaps\n", "auto, ask or never" },
        { "- a\n- b\n", "line 1" },
        { ": : :\n\t- x", "line 1" },
    };

    [Theory]
    [MemberData(nameof(AgentFiles))]
    public async Task An_agent_file_that_says_something_unknown_is_refused_with_its_place(string text, string says)
    {
        using var scene = await Scene.NewAsync();
        await File.WriteAllTextAsync(Path.Combine(scene.Root, "agent.yaml"), text, Cancel);
        var result = (await scene.RunAsync(scene.Model("m", Script.Turn("", Script.Complete())), "--agent", "agent.yaml")).Exits(2).Says("agent.yaml", says);
        Assert.DoesNotContain("Cairn.Host", result.All, StringComparison.Ordinal);
        Assert.False(await scene.HasRunsAsync());
    }

    [Fact]
    public async Task What_is_no_repository_is_refused_with_what_to_do()
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", Script.Turn("", Script.Complete()));
        scene.Put("sub/a.txt", "x");
        Directory.CreateDirectory(Path.Combine(scene.Root, "plain"));
        (await scene.CairnAsync("run", "x", "--model", model, "--repo", "nowhere")).Exits(2).Says("There is no directory", "nowhere");
        (await scene.CairnAsync("run", "x", "--model", model, "--repo", "plain")).Exits(2).Says("git init");
        (await scene.CairnAsync("run", "x", "--model", model, "--repo", "repo/sub")).Exits(2).Says("lies inside the repository", scene.Repository);
        (await scene.CairnAsync("run", "x", "--model", model, "--repo", "repo/readme.txt")).Exits(2).Says("readme.txt");
        (await scene.CairnAsync("run", " ", "--model", model, "--repo", "repo")).Exits(2).Says("task is empty");
        (await scene.RunAsync(model, "--budget-tokens", "-5")).Exits(2).Says("greater than 0");
        Assert.False(await scene.HasRunsAsync());
    }

    [Fact]
    public async Task Runs_places_and_checkpoints_that_are_not_there_are_named_and_an_ambiguous_id_is_not_guessed()
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", Script.Turn("", Script.Shell("echo x > made"), Script.Complete()));
        (await scene.CairnAsync("log", "nope")).Exits(2).Says("no runs yet");
        (await scene.RunAsync(model, "--merge", "never")).Exits(0);
        (await scene.RunAsync(model, "--merge", "never")).Exits(0);
        (await scene.CairnAsync("log", "nope")).Exits(2).Says("There is no run nope", "cairn runs");
        (await scene.CairnAsync("log", "r")).Exits(2).Says("give more of the id", await scene.IdAsync());
        (await scene.CairnAsync("rollback", "last", "banana")).Exits(2).Says("no checkpoint banana");
        (await scene.CairnAsync("fork", "last", "--at", "99")).Exits(2).Says("no step 99");
        (await scene.CairnAsync("show", "last", "--at", "xx")).Exits(2).Says("'xx' is no place");
        (await scene.CairnAsync("show", "last", "--at", "@99")).Exits(2).Says("no record @99");
        (await scene.CairnAsync("show", "last", "--at", "@0")).Exits(0).Says("position 1");
        (await scene.CairnAsync("fork", "last", "--model", "bogus")).Exits(2).Says("bogus");
        (await scene.CairnAsync("replay", "last")).Exits(2).Says("--verify");
        Assert.Equal(2, (await scene.JsonAsync("runs")).AsArray().Count);
    }

    [Fact]
    public async Task Every_command_answers_in_JSON_when_asked()
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", Script.Turn("Go.", Script.Shell("echo x > made"), Script.Complete()));
        var run = (await scene.RunAsync(model, "--merge", "never", "--json")).Exits(0);
        var lines = run.Output.TrimEnd('\n').Split('\n').Select(l => JsonNode.Parse(l)!).ToList();
        Assert.Equal("run.started", lines[0]["event"]!["type"]!.GetValue<string>());
        Assert.Equal("run.ended", lines[^2]["event"]!["type"]!.GetValue<string>());
        Assert.Equal("succeeded", lines[^1]["status"]!.GetValue<string>());
        foreach (var call in (string[][])[["runs"], ["log", "last"], ["show", "last", "--at", "1"], ["checkpoints", "last"], ["diff", "last"],
            ["replay", "last", "--verify"], ["journal", "verify"], ["merge", "last"], ["fork", "last", "--at", "1"], ["rollback", "last", "c0"], ["doctor"]])
        {
            await scene.JsonAsync(call);
        }

        foreach (var line in (await scene.CairnAsync("resume", "last", "--json")).Exits(0).Output.TrimEnd('\n').Split('\n'))
        {
            JsonNode.Parse(line);
        }

        Assert.Equal(2, JsonNode.Parse((await scene.CairnAsync("log", "nope", "--json")).Exits(2).Output)!["exitCode"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_task_may_begin_with_any_character()
    {
        using var scene = await Scene.NewAsync();
        var model = scene.Model("m", Script.Turn("", Script.Complete()));
        (await scene.CairnAsync("run", "@alice asked for it", "--repo", scene.Repository, "--model", model, "--judge", "")).Exits(0);
        Assert.Equal("@alice asked for it", (await scene.JsonAsync("runs"))[0]!["title"]!.GetValue<string>());
    }

    [Fact]
    public async Task Without_a_model_it_says_what_to_set_and_offers_the_demo()
    {
        using var scene = await Scene.NewAsync();
        scene.Environment["OLLAMA_HOST"] = "127.0.0.1:1";
        scene.Environment["LLAMACPP_BASE_URL"] = "http://127.0.0.1:1/v1";
        scene.Environment["VLLM_BASE_URL"] = "http://127.0.0.1:1/v1";
        (await scene.CairnAsync("run", "x", "--repo", scene.Repository)).Exits(2)
            .Says("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OLLAMA_HOST", "CAIRN_BASE_URL", "cairn demo");
        (await scene.CairnAsync("run", "x", "--repo", scene.Repository, "--model", "openai:gpt-5.4")).Exits(2).Says("OPENAI_API_KEY");
    }
}
