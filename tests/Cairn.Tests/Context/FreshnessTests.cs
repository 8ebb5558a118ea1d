using System.Text;
using Cairn.Host;
using Cairn.Host.Simulation;
using Cairn.Kernel;
using Cairn.Tests.Kernel;
using Cairn.Tests.Simulation;

namespace Cairn.Tests.Context;

public sealed class FreshnessTests
{
    private static readonly ScriptedTurn Read = new(new ScriptedCall("read_file", """{"path":"a.txt","start_line":null,"end_line":null}"""));

    [Fact]
    public void What_a_tool_changed_behind_the_agents_back_it_is_told_as_a_diff_before_its_next_step()
    {
        var events = Play(job => job.Machine.Files.Repository = File(job, "one\ntwo\n"), Read, SimulatedJob.Append("a.txt three"), SimulatedJob.Done);
        var changed = Assert.Single(events.OfType<FilesChanged>());
        Assert.Equal("a.txt", Assert.Single(changed.Files).Path);
        var at = events.IndexOf(changed);
        Assert.IsType<ToolCallFinished>(events[at - 1]);
        Assert.IsType<ModelCallStarted>(events[at + 1]);
    }

    [Fact]
    public void The_diff_shows_the_lines_and_the_note_stands_in_the_next_prompt_framed()
    {
        var (events, prompts) = PlayWithPrompts(Read, SimulatedJob.Append("a.txt three"), SimulatedJob.Done);
        var note = prompts[^1].Messages.Single(m => m.Text.StartsWith("[files changed]", StringComparison.Ordinal)).Text;
        Assert.Contains("+three", note, StringComparison.Ordinal);
        Assert.Contains("a.txt changed since you read it, from version", note, StringComparison.Ordinal);
        Assert.Contains("<data-", note, StringComparison.Ordinal);
        Assert.Single(events.OfType<FilesChanged>());
    }

    [Fact]
    public void An_agents_own_edit_is_no_news_to_it()
    {
        var version = BlobHash.OfText("one\ntwo\n").Short;
        var edit = new ScriptedTurn(new ScriptedCall("edit_file", $$"""{"path":"a.txt","version":"{{version}}","edits":[{"old":"two","new":"2","replace_all":false}]}"""));
        var events = Play(job => job.Machine.Files.Repository = File(job, "one\ntwo\n"), Read, edit, SimulatedJob.Done);
        Assert.Contains(events.OfType<ToolCallFinished>(), e => e.Context is { Files: [{ Written: true }] });
        Assert.Empty(events.OfType<FilesChanged>());
    }

    [Fact]
    public void No_model_is_asked_while_a_file_is_stale_and_what_is_so_again_is_stale_no_more()
    {
        var run = new Scripted(Scripted.Spec());
        run.Answer("read");
        var call = run.Take<RunTool>().Call;
        FileMark Mark(string text) => new("a.txt", BlobHash.OfText(text));
        run.Happen(new ToolCallFinished(call.Id, ToolStatus.Ok, run.Put("one"), 5, null, 0, ToolSignal.None, null, 1) { Context = new() { Files = [Mark("one")] } });

        // The call that is under way goes on; the next one waits.
        var state = Cairn.Kernel.Kernel.Apply(run.State, new FilesNoticed([Mark("two"), new("unread.txt", default)]));
        Assert.Equal(["a.txt"], state.Context!.Stale!);
        Assert.NotEqual(Cairn.Kernel.Kernel.Hash(run.State), Cairn.Kernel.Kernel.Hash(state));
        Assert.Empty(Cairn.Kernel.Kernel.Decide(state));
        state = Cairn.Kernel.Kernel.Apply(state, new ModelCallFailed(state.Step, 1, ModelErrorKind.Unavailable, "no", null));
        Assert.Equal(["a.txt"], Assert.IsType<RefreshFiles>(Assert.Single(Cairn.Kernel.Kernel.Decide(state))).Paths);
        Assert.IsType<AskModel>(Cairn.Kernel.Kernel.Decide(Cairn.Kernel.Kernel.Apply(state, new FilesNoticed([Mark("one")])))[0]);
        var told = Cairn.Kernel.Kernel.Apply(state, new FilesChanged([Mark("two")], new("files changed", run.Put("diff"), 10)));
        Assert.Null(told.Context!.Stale);
        Assert.IsType<AskModel>(Cairn.Kernel.Kernel.Decide(told)[0]);
    }

    private static List<RunEvent> Play(Action<SimulatedJob> prepare, params ScriptedTurn[] turns) => PlayWithPrompts(prepare, turns).Events;

    private static (List<RunEvent> Events, List<ModelRequest> Prompts) PlayWithPrompts(params ScriptedTurn[] turns) =>
        PlayWithPrompts(job => job.Machine.Files.Repository = File(job, "one\ntwo\n"), turns);

    private static (List<RunEvent> Events, List<ModelRequest> Prompts) PlayWithPrompts(Action<SimulatedJob> prepare, ScriptedTurn[] turns)
    {
        var job = new SimulatedJob(3, ("one", turns));
        prepare(job);
        List<RunEvent> events = [];
        List<ModelRequest> prompts = [];
        job.Live(async process =>
        {
            var run = await process.EnsureAsync("rfresh", "one", r => r with { Merge = MergeMode.Never });
            await process.FinishAsync(run, null);
            events = [.. process.Events(run)];
            Assert.True(ReplayVerifier.Verify(process.Services.Journal, process.Services.Blobs, run) is { Passed: true } report, "replay");
            var state = Cairn.Kernel.RunState.New;
            foreach (var e in events)
            {
                if (e is ModelCallStarted && Cairn.Kernel.Kernel.Decide(state).OfType<AskModel>().Single() is var ask)
                {
                    prompts.Add(PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, process.Services.Blobs.Get));
                }

                state = Cairn.Kernel.Kernel.Apply(state, e);
            }
        });
        return (events, prompts);
    }

    private static System.Collections.Immutable.ImmutableSortedDictionary<string, SimulatedEntry> File(SimulatedJob job, string text) =>
        job.Machine.Files.Repository.SetItem("a.txt", new(EntryKind.File, Encoding.UTF8.GetBytes(text), 0x1A4));
}
