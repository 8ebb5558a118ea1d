using System.Globalization;
using System.Text.Json.Nodes;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>kill -9 at many moments of a whole job: nothing is lost, asked or done twice.</summary>
public sealed class CrashTests
{
    private const int Turns = 6;
    private const int FewTurns = 1;
    private const string Code = "first\nsecond\nthird\n";

    /// <summary>What the runs come to when nothing kills them.</summary>
    private static readonly Lazy<Task<(string Manifest, string Counter)>> WholeRun = new(() => CleanAsync(Turns));
    private static readonly Lazy<Task<(string Manifest, string Counter)>> ShortRun = new(() => CleanAsync(FewTurns));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The moments, as the number of lines of output after which each process in turn is killed.</summary>
    public static TheoryData<string> Lines => ["1 2 3 4 5 7 9 11 13", "2 1 8 1 3 17 1"];

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task Killed_at_lines_of_its_output_again_and_again_a_run_ends_as_if_it_had_not_been(string moments)
    {
        using var scene = await SceneAsync(Turns);
        var kills = 0;
        foreach (var lines in moments.Split(' ').Select(n => int.Parse(n, CultureInfo.InvariantCulture)))
        {
            kills += await KilledAsync(scene, Turns, (_, number) => number == lines, null) ? 1 : 0;
        }

        Assert.True(kills >= moments.Split(' ').Length - 3, $"Only {kills} processes were killed.");
        await EndsAsync(scene, Turns);
    }

    [Fact]
    public async Task Killed_at_any_time_a_run_ends_as_if_it_had_not_been()
    {
        using var scene = await SceneAsync(Turns);
        var kills = 0;
        for (var i = 0; i < 10; i++)
        {
            // From the middle of its own start to some steps later, at moments that no line of output marks.
            kills += await KilledAsync(scene, Turns, null, TimeSpan.FromMilliseconds(60 + (i * 97 % 800))) ? 1 : 0;
        }

        Assert.True(kills >= 7, $"Only {kills} processes were killed.");
        await EndsAsync(scene, Turns);
    }

    [Theory]
    [InlineData("judge.started")]
    [InlineData("judge.finished")]
    [InlineData("merge.started")]
    [InlineData("merge.finished")]
    [InlineData("run.ended")]
    public async Task Killed_while_it_is_judged_merged_or_closed_it_is_judged_and_merged_once(string moment)
    {
        using var scene = await SceneAsync(FewTurns);
        await KilledAsync(scene, FewTurns, (line, _) => line.Contains($"\"type\":\"{moment}\"", StringComparison.Ordinal), null);
        await EndsAsync(scene, FewTurns);
    }

    /// <summary>A run of some seconds: commands that count and change files, an edit, an error, files that come and go.</summary>
    private static JsonObject[] Job(int count)
    {
        var turns = new List<JsonObject>();
        for (var i = 1; i <= count; i++)
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

    private static async Task<Scene> SceneAsync(int turns)
    {
        var scene = await Scene.NewAsync(("code.txt", Code), ("old/gone.txt", "x\n"));
        scene.Model("job", Job(turns));
        return scene;
    }

    private static string[] Arguments(Scene scene, int turns) =>
        scene.RunArguments($"scripted:{scene.Root}/job.yaml", "--merge", "auto", "--judge", $"sleep 0.1; test $(wc -l < counter) = {2 * turns}", "--json");

    private static async Task<(string Manifest, string Counter)> CleanAsync(int turns)
    {
        using var scene = await SceneAsync(turns);
        (await scene.CairnAsync(Arguments(scene, turns))).Exits(0);
        await ProvenAsync(scene, turns);
        return (scene.Manifest(), await File.ReadAllTextAsync(scene.In("counter"), Cancel));
    }

    /// <summary>Starts the run, or goes on with it, and kills that process; false when it had ended before.</summary>
    private static async Task<bool> KilledAsync(Scene scene, int turns, Func<string, int, bool>? atLine, TimeSpan? after)
    {
        void Watch(CairnChild child, string line, int number)
        {
            if (atLine?.Invoke(line, number) == true)
            {
                child.Kill();
            }
        }

        using var child = scene.Start(Watch, await NextAsync(scene, turns));
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
    private static async Task<string[]> NextAsync(Scene scene, int turns) =>
        await scene.HasRunsAsync() ? ["resume", "last", "--json"] : Arguments(scene, turns);

    private static async Task EndsAsync(Scene scene, int turns)
    {
        (await scene.CairnAsync(await NextAsync(scene, turns))).Exits(0);
        var (manifest, counter) = await (turns == Turns ? WholeRun : ShortRun).Value;
        Assert.Equal(counter, await File.ReadAllTextAsync(scene.In("counter"), Cancel));
        Assert.Equal(manifest, scene.Manifest());
        await ProvenAsync(scene, turns);
    }

    private static async Task ProvenAsync(Scene scene, int turns)
    {
        var run = await scene.SummaryAsync();
        Assert.Equal("succeeded", run.Status);
        Assert.Equal(MergeStatus.Merged, run.Merge);
        var events = await scene.EventsAsync();
        Assert.Equal(Enumerable.Range(1, turns + 1), events.OfType<ModelCallFinished>().Select(e => e.Step));
        var calls = events.OfType<ToolCallFinished>().Select(e => e.Call).ToList();
        Assert.Equal((turns * 5) + 1, calls.Count);
        Assert.Equal(calls.Count, calls.Distinct().Count());
        Assert.Single(events.OfType<MergeFinished>());
        await scene.VerifiedAsync();
        (await scene.CairnAsync("journal", "verify")).Exits(0);
    }
}
