using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>Runs whose agent works in a shell, and kill -9 of the process that drives them.</summary>
public sealed partial class ShellRunTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_while_it_waits_for_a_program_the_run_goes_on_with_the_same_shell_and_program()
    {
        using var scene = await Scene.NewAsync(("src/a.txt", "a\n"));
        scene.Model(
            "job",
            Script.Turn("Open.", Send("cd src; export KEPT=yes; echo shell=$$")),
            Script.Turn("Start.", Send("python3 -q")),
            Script.Turn("Work.", Send("import os, time; x = 41; open('b.txt', 'w').write('b'); print('program=%d' % os.getpid()); time.sleep(5)", 1)),
            Script.Turn("Wait.", Send(null, 30)),
            Script.Turn("Ask.", Send("print('answer', x + 1, 'program=%d' % os.getpid())")),
            Script.Turn("Leave.", Send("exit()")),
            Script.Turn("Look.", Send("echo $KEPT $(pwd) shell=$$; cat b.txt")),
            Script.Turn("Done.", Script.Complete()));
        await KilledAsync(scene, "\"call\":\"4.");
        (await scene.CairnAsync("resume", "last", "--json")).Exits(0);

        var results = await scene.ResultsAsync();
        Assert.Contains("answer 42", string.Join('\n', results), StringComparison.Ordinal);
        Assert.Single(Named("program", results));
        Assert.Single(Named("shell", results));
        Assert.DoesNotContain("note:", string.Join('\n', results), StringComparison.Ordinal);
        Assert.Equal("b", await File.ReadAllTextAsync(scene.In("src/b.txt"), Cancel));
        await scene.VerifiedAsync();
        await Scene.NobodyRunsAsync(scene.Repository + " ");
    }

    [Fact]
    public async Task Killed_in_the_middle_of_an_input_the_shell_is_built_again_and_the_input_runs_again()
    {
        using var scene = await Scene.NewAsync(("src/a.txt", "a\n"));
        scene.Model(
            "job",
            Script.Turn("Open.", Send("cd src; export KEPT=yes; fun() { echo is-fun; }")),
            Script.Turn("Work.", Send("echo line >> log; sleep 3; echo line >> log")),
            Script.Turn("Look.", Send("echo $KEPT; fun; pwd; wc -l < log")),
            Script.Turn("Done.", Script.Complete()));
        await KilledAsync(scene, "\"call\":\"2.");
        (await scene.CairnAsync("resume", "last", "--json")).Exits(0);

        Assert.Equal("line\nline\n", await File.ReadAllTextAsync(scene.In("src/log"), Cancel));
        var results = string.Join('\n', await scene.ResultsAsync());
        Assert.Contains("built again", results, StringComparison.Ordinal);
        Assert.Contains($"yes\nis-fun\n{scene.Repository}/src\n2", results, StringComparison.Ordinal);
        await scene.VerifiedAsync();
        await Scene.NobodyRunsAsync(scene.Repository + " ");
    }

    private static JsonObject Send(string? input, int? seconds = null) =>
        Script.Call("shell_send", new { shell = (string?)null, input, keys = (string[]?)null, wait_seconds = seconds });

    /// <summary>Starts the run and kills its process a moment after the intent of a call is on the journal.</summary>
    private static async Task KilledAsync(Scene scene, string call)
    {
        var killed = false;
        using var child = scene.Start(
            (running, line, _) =>
            {
                if (!killed && line.Contains("\"tool.started\"", StringComparison.Ordinal) && line.Contains(call, StringComparison.Ordinal))
                {
                    killed = true;
                    Thread.Sleep(TimeSpan.FromSeconds(1.5)); // Into the call: what it types has been typed by then.
                    running.Kill();
                }
            },
            scene.RunArguments($"scripted:{scene.Root}/job.yaml", "--merge", "auto", "--json"));
        await child.EndAsync(Cancel);
        Assert.True(killed);
    }

    private static HashSet<string> Named(string name, IEnumerable<string> results) =>
        [.. results.SelectMany(r => Numbers().Matches(r)).Where(m => m.Groups[1].Value == name).Select(m => m.Groups[2].Value)];

    [GeneratedRegex("(program|shell)=([0-9]+)")]
    private static partial Regex Numbers();
}
