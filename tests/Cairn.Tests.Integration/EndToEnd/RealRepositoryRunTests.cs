using System.Text.RegularExpressions;
using Cairn.Tests.Integration.RealRepositories;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>The whole job on projects of other people: find the bug, fix it, judged by the project's own tests, merged; back, forked, merged again.</summary>
public sealed class RealRepositoryRunTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => [.. RealRepositoryPins.All.Select(pin => pin.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_real_project_is_repaired_merged_rolled_back_forked_and_merged_again(string name)
    {
        using var project = await RealRepository.GetAsync(name, Cancel);
        var wholeText = await File.ReadAllTextAsync(Path.Combine(project.Root, project.BrokenPath), Cancel);
        await project.BreakAndCommitAsync(Cancel);
        var text = await File.ReadAllTextAsync(Path.Combine(project.Root, project.BrokenPath), Cancel);
        using var scene = new Scene { Repository = project.Root };
        var (right, wrong) = (project.Pin.Break.Right, project.Pin.Break.Wrong);

        // First it guesses wrong, sees that in the tests, then mends it. The version of each edit is that of the text before it.
        var guess = text.Replace(wrong, wrong + " ", StringComparison.Ordinal);
        var model = scene.Model(
            "repair",
            Script.Turn("I run the tests.", Script.Shell($"{project.TestCommand} 2>&1 | tail -5; ls", 300)),
            Script.Turn("Where is it?", Script.Search(Regex.Escape(wrong)), Script.Read(project.BrokenPath)),
            Script.Expecting(Script.Turn("Perhaps so.", Script.Edit(project.BrokenPath, text, wrong, wrong + " "), Script.Shell($"{project.TestCommand} > /dev/null 2>&1 && echo good || echo still bad", 300)), project.BrokenPath),
            Script.Expecting(Script.Turn("No: it must be so.", Script.Edit(project.BrokenPath, guess, wrong + " ", right), Script.Shell($"{project.TestCommand} > /dev/null 2>&1 && echo all good", 300)), "still bad"),
            Script.Expecting(Script.Turn("Done.", Script.Complete("mended")), "all good"));
        (await scene.RunAsync(model, "--merge", "auto", "--judge", project.TestCommand)).Exits(0).Says("accepted", "merged into");
        Assert.Equal(wholeText, await File.ReadAllTextAsync(Path.Combine(project.Root, project.BrokenPath), Cancel));
        Assert.Equal(0, (await project.TestOnHostAsync(Cancel)).ExitCode);
        await scene.VerifiedAsync();
        var run = await scene.IdAsync();

        // Back to the start, and on from there with another model: mended again, judged again, merged again.
        await BreakAgainAsync(project);
        (await scene.CairnAsync("rollback", run, "c0")).Exits(0);
        // No content differs; modes that git's checkout changed are again those of the start.
        Assert.DoesNotContain("@@", (await scene.CairnAsync("diff", run, "--all")).Exits(0).Output, StringComparison.Ordinal);
        var rolledBack = (await scene.EventsAsync(run)).Count;
        var other = scene.Model(
            "other", Script.Turn("", Script.Edit(project.BrokenPath, text, wrong, right)), Script.Turn("", Script.Complete("mended otherwise")));
        (await scene.CairnAsync("fork", run, "--model", other, "--resume", "--quiet")).Exits(0).Says("accepted", "merged into");
        Assert.Equal(wholeText, await File.ReadAllTextAsync(Path.Combine(project.Root, project.BrokenPath), Cancel));
        Assert.Equal(rolledBack, (await scene.EventsAsync(run)).Count);
        await scene.VerifiedAsync();

        // A fork from the middle of the first attempt has the wrong guess in its files, and only that.
        await BreakAgainAsync(project);
        (await scene.CairnAsync("fork", run, "--at", await GuessedAsync(scene, run))).Exits(0);
        (await scene.CairnAsync("diff", "last")).Exits(0).Says(project.BrokenPath, $"{wrong} ");
        Assert.NotEqual(run, await scene.IdAsync());
    }

    private static async Task BreakAgainAsync(RealRepository project)
    {
        await project.GitAsync(Cancel, "checkout", "--quiet", "--", ".");
        await project.GitAsync(Cancel, "clean", "-fdq");
    }

    /// <summary>The record after which the first edit's layer stands.</summary>
    private static async Task<string> GuessedAsync(Scene scene, string run)
    {
        var events = await scene.EventsAsync(run);
        var edit = events.OfType<ToolCallStarted>().First(c => c.Tool == "edit_file").Call;
        return $"@{events.FindIndex(e => e is ToolCallFinished f && f.Call == edit)}";
    }
}
