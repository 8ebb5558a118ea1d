using System.Globalization;
using System.Text.Json.Nodes;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>kill -9 at many moments of a whole job: nothing is lost, asked or done twice.</summary>
public sealed class CrashTests
{
    private const int Turns = 12;
    private const string Code = "first\nsecond\nthird\n";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The moments, as the number of lines of output after which each process in turn is killed.</summary>
    public static TheoryData<string> Lines => ["1 2 3 4 5 6 7 8 9 10 11 12 13", "2 1 1 8 1 1 3 3 17 1 30"];

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task Killed_at_lines_of_its_output_again_and_again_a_run_ends_as_if_it_had_not_been(string moments)
    {
        var clean = await CleanAsync();
        using var scene = await Scene.NewAsync(("code.txt", Code), ("old/gone.txt", "x\n"));
        var model = scene.Model("job", Job());
        var kills = 0;
        foreach (var lines in moments.Split(' ').Select(n => int.Parse(n, CultureInfo.InvariantCulture)))
        {
            kills += await KilledAsync(scene, model, (_, number) => number == lines, null) ? 1 : 0;
        }

        Assert.True(kills >= moments.Split(' ').Length - 3, $"Only {kills} processes were killed.");
        await EndsLikeAsync(clean, scene, model);
    }

    [Fact]
    public async Task Killed_at_any_time_a_run_ends_as_if_it_had_not_been()
    {
        var clean = await CleanAsync();
        using var scene = await Scene.NewAsync(("code.txt", Code), ("old/gone.txt", "x\n"));
        var model = scene.Model("job", Job());
        var kills = 0;
        for (var i = 0; i < 14; i++)
        {
            // From the middle of its own start to some steps later, at moments that no line of output marks.
            kills += await KilledAsync(scene, model, null, TimeSpan.FromMilliseconds(60 + (i * 97 % 800))) ? 1 : 0;
        }

        Assert.True(kills >= 10, $"Only {kills} processes were killed.");
        await EndsLikeAsync(clean, scene, model);
    }

    [Theory]
    [InlineData("judge.started")]
    [InlineData("judge.finished")]
    [InlineData("merge.started")]
    [InlineData("merge.finished")]
    [InlineData("run.ended")]
    public async Task Killed_while_it_is_judged_merged_or_closed_it_is_judged_and_merged_once(string moment)
    {
        var clean = await CleanAsync();
        using var scene = await Scene.NewAsync(("code.txt", Code), ("old/gone.txt", "x\n"));
        var model = scene.Model("job", Job());
        await KilledAsync(scene, model, (line, _) => line.Contains($"\"type\":\"{moment}\"", StringComparison.Ordinal), null);
        await EndsLikeAsync(clean, scene, model);
    }

    /// <summary>A run of some seconds: commands that count and change files, an edit, an error, files that come and go.</summary>
    private static JsonObject[] Job()
    {
        var turns = new List<JsonObject>();
        for (var i = 1; i <= Turns; i++)
        {
            turns.Add(Script.Turn(
                $"Step {i}.",
                Script.Shell($"echo {i} >> counter; sleep 0.05; echo {i}b >> counter; mkdir -p made/{i}; ln -sfn {i} made/last; rm -f old/gone.txt"),
                Script.Search("first"),
                Script.Read("code.txt"),
                i == 3 ? Script.Edit("code.txt", Code, "second", "2nd") : Script.Write($"files/{i}.txt", $"text {i}\n"),
                i == 5 ? Script.Shell("echo broken >> counter.tmp; rm counter.tmp; exit 3") : Script.Shell($"chmod 7{i % 8}5 code.txt")));
        }

        turns.Add(Script.Turn("All is done.", Script.Complete()));
        return [.. turns];
    }

    private static string[] Arguments(Scene scene, string model) =>
        scene.RunArguments(model, "--merge", "auto", "--judge", $"sleep 0.1; test $(wc -l < counter) = {2 * Turns}", "--json");

    private static async Task<(string Manifest, string Counter)> CleanAsync()
    {
        using var scene = await Scene.NewAsync(("code.txt", Code), ("old/gone.txt", "x\n"));
        var result = await scene.CairnAsync(Arguments(scene, scene.Model("job", Job())));
        result.Exits(0);
        await ProvenAsync(scene);
        return (scene.Manifest(), await File.ReadAllTextAsync(scene.In("counter"), Cancel));
    }

    /// <summary>Starts the run, or goes on with it, and kills that process; false when it had ended before.</summary>
    private static async Task<bool> KilledAsync(Scene scene, string model, Func<string, int, bool>? atLine, TimeSpan? after)
    {
        void Watch(CairnChild child, string line, int number)
        {
            if (atLine?.Invoke(line, number) == true)
            {
                child.Kill();
            }
        }

        using var child = scene.Start(Watch, await NextAsync(scene, model));
        var ending = child.EndAsync(Cancel);
        if (after is { } time)
        {
            await Task.WhenAny(ending, Task.Delay(time, Cancel));
            child.Kill();
        }

        var killed = (await ending).ExitCode == 137;
        await Scene.NobodyRunsAsync(scene.Root);
        return killed;
    }

    /// <summary>A first process may have died before the run's first record was durable: then there is nothing to resume.</summary>
    private static async Task<string[]> NextAsync(Scene scene, string model)
    {
        var begun = Directory.Exists(Path.Combine(scene.State, "journal")) && (await scene.JsonAsync("runs")).AsArray().Count > 0;
        return begun ? ["resume", "last", "--json"] : Arguments(scene, model);
    }

    private static async Task EndsLikeAsync((string Manifest, string Counter) clean, Scene scene, string model)
    {
        (await scene.CairnAsync(await NextAsync(scene, model))).Exits(0);
        Assert.Equal(clean.Counter, await File.ReadAllTextAsync(scene.In("counter"), Cancel));
        Assert.Equal(clean.Manifest, scene.Manifest());
        await ProvenAsync(scene);
    }

    private static async Task ProvenAsync(Scene scene)
    {
        var run = Assert.Single((await scene.JsonAsync("runs")).AsArray());
        Assert.Equal("succeeded", run!["status"]!.GetValue<string>());
        Assert.Equal("Merged", run["merge"]!.GetValue<string>());
        var events = await scene.EventsAsync();
        Assert.Equal(Enumerable.Range(1, Turns + 1), events.Where(e => e.Type == "model.finished").Select(e => e.Event["step"]!.GetValue<int>()));
        var calls = events.Where(e => e.Type == "tool.finished").Select(e => e.Event["call"]!.GetValue<string>()).ToList();
        Assert.Equal((Turns * 5) + 1, calls.Count);
        Assert.Equal(calls.Count, calls.Distinct().Count());
        Assert.Single(events, e => e.Type == "merge.finished");
        await scene.VerifiedAsync();
        (await scene.CairnAsync("journal", "verify")).Exits(0);
    }
}
