using Cairn.Kernel;
using Cairn.Tests.Kernel;
using K = Cairn.Kernel.Kernel;

namespace Cairn.Tests.Context;

/// <summary>Promotion from the archive, as the kernel decides it.</summary>
public sealed class ArchiveTests
{
    private static readonly RunStarted Spec = Scripted.Spec() with { Archive = true };

    [Fact]
    public void The_archive_is_asked_once_beside_the_model_and_what_it_finds_stands_framed_in_the_next_prompt()
    {
        var run = Start();
        Assert.IsType<AskArchive>(run.Open[0]);
        Assert.IsType<AskModel>(run.Open[1]);
        run.Happen(new ArchiveAnswered(Spec.Task.Body, [Item(run, "int a;", 40), Item(run, "int a;", 40)], null));
        run.Answer("read").Finish();
        Assert.Single(run.Journal.OfType<ArchiveAsked>());
        var ask = run.Open.OfType<AskModel>().Single();
        var message = Assert.Single(PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, run.Body).Messages, m => m.Text.Contains("int a;", StringComparison.Ordinal));
        Assert.StartsWith("[from memory: a.c@", message.Text, StringComparison.Ordinal);
        Assert.Contains("<data-", message.Text, StringComparison.Ordinal);
        Assert.Equal(BlobHash.OfText("int a;"), run.State.Context!.Files["a.c"].Version);
        Assert.Contains(ContextItems.Of(run.State), i => i is { Untrusted: true } && i.Provenance.StartsWith("from memory: a.c@", StringComparison.Ordinal));
    }

    [Fact]
    public void A_stalled_archive_keeps_no_prompt_waiting_and_the_prompts_without_it_are_counted()
    {
        var run = Start();
        for (var i = 0; i < 5; i++)
        {
            run.Answer("read").Finish();
        }

        Assert.True(run.State.Context!.Archive is { Waiting: true, Without: 6 }, $"{run.State.Context.Archive}");
        Assert.Single(run.Journal.OfType<ArchiveAsked>());
        run.Answer("complete").Finish();
        Assert.NotEqual(RunPhase.Model, run.State.Phase);
    }

    [Fact]
    public void What_finds_no_room_is_dropped_and_counted_and_the_budget_holds()
    {
        var run = Start(Spec with { Model = new("test:small", 12_000, 1_000, true) });
        run.Happen(new ArchiveAnswered(Spec.Task.Body, [.. Enumerable.Range(0, 8).Select(i => Item(run, $"text {i}", i == 0 ? 50_000 : 300))], null));
        var archive = run.State.Context!.Archive!;
        Assert.True(archive.Promoted is > 0 and < 7 && archive.Dropped == 8 - archive.Promoted, $"{archive}");
        run.Answer("read").Finish();
        Assert.True(run.Open.OfType<AskModel>().Single().Plan.Tokens <= 11_000);
    }

    [Fact]
    public void It_is_asked_again_for_another_list_of_things_to_do_and_after_a_crash_before_its_answer()
    {
        var run = Start();
        run.Happen(new ArchiveAnswered(Spec.Task.Body, [], "It failed."));
        run.Answer("read");
        run.Finish(report: new() { Slot = ContextReport.Todo });
        Assert.Equal(2, run.Journal.OfType<ArchiveAsked>().Count());
        run.Open.Clear();
        run.Happen(new RunRecovered("resume"));
        Assert.Equal(3, run.Journal.OfType<ArchiveAsked>().Count());
        Assert.Equal(K.Hash(run.State), K.Hash(K.Fold(run.Journal)));
        Assert.Throws<JournalMeaningException>(() => K.Apply(K.Apply(run.State, new ArchiveAnswered(default, [], null)), new ArchiveAnswered(default, [], null)));
    }

    [Fact]
    public void A_run_without_an_archive_asks_none() =>
        Assert.DoesNotContain(Start(Scripted.Spec()).Open, c => c is AskArchive);

    private static Scripted Start(RunStarted? spec = null)
    {
        var run = new Scripted(spec ?? Spec);
        run.Put("do it");
        return run;
    }

    private static ArchivedText Item(Scripted run, string text, int tokens) =>
        new(new($"from memory: a.c@{BlobHash.OfText(text).Short}", run.Put(text), tokens), new("a.c", BlobHash.OfText(text)));
}
