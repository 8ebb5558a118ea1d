using System.Text;
using Cairn.Host;
using Cairn.Host.Simulation;
using Cairn.Kernel;
using Cairn.Tests.Simulation;
using RunState = Cairn.Kernel.RunState;

namespace Cairn.Tests.Context;

/// <summary>The tools by which an agent looks after its context, through the whole host on a simulated machine.</summary>
public sealed class ContextToolsTests
{
    private static readonly ScriptedTurn Read = Call("read_file", """{"path":"a.txt","start_line":null,"end_line":null}""");

    [Fact]
    public void Lists_and_notes_are_kept_as_they_were_last_given()
    {
        var (state, text) = Play(
            Call("todo", """{"items":[{"text":"first","done":false}]}"""),
            Call("scratchpad", """{"text":"the parser lives in a.txt"}"""),
            Call("todo", """{"items":[{"text":"first","done":true},{"text":"second\nline","done":false}]}"""));
        Assert.Equal("[x] first\n[ ] second␊line", text(state.Context!.Slots[ContextReport.Todo].Body));
        Assert.Equal("the parser lives in a.txt", text(state.Context.Slots[ContextReport.Scratchpad].Body));
    }

    [Fact]
    public void An_answer_a_turn_and_a_file_are_brought_back_by_their_addresses()
    {
        var (state, text) = Play(
            Read,
            Call("recall", """{"address":"result:1.1","query":null,"start_line":null,"end_line":null}"""),
            Call("recall", """{"address":"file:a.txt","query":null,"start_line":2,"end_line":2}"""),
            Call("recall", """{"address":"turn:1","query":null,"start_line":null,"end_line":null}"""),
            Call("recall", """{"address":"ctx://rtools/l3/result:1.1","query":null,"start_line":null,"end_line":null}"""));
        var answers = Answers(state, text);
        Assert.Contains("brought back:\na.txt (version", answers[1], StringComparison.Ordinal);
        Assert.Contains("lines 2-2 of 3", answers[2], StringComparison.Ordinal);
        Assert.Contains("\tone", answers[2], StringComparison.Ordinal);
        Assert.Contains("[read_file {\"path\":\"a.txt\"", answers[3], StringComparison.Ordinal);
        Assert.EndsWith("\ttwo", answers[4], StringComparison.Ordinal);
        Assert.Equal(4, state.Context!.Files["a.txt"].Uses);
    }

    [Fact]
    public void A_search_through_all_answers_gives_addresses()
    {
        var (state, text) = Play(Read, Call("recall", """{"address":null,"query":"TWO","start_line":null,"end_line":null}"""));
        Assert.StartsWith("result:1.1 (read_file), line 3 of 3: 2", Answers(state, text)[1], StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_there_cannot_be_pinned_or_recalled_and_the_answer_says_what_addresses_look_like()
    {
        var (state, text) = Play(
            Call("pin", """{"address":"file:b.txt","pinned":true}"""),
            Call("recall", """{"address":"result:99.1","query":null,"start_line":null,"end_line":null}"""),
            Read,
            Call("pin", """{"address":"file:a.txt@0123456789ab","pinned":true}"""));
        var calls = state.History.SelectMany(e => e.Turn?.Calls ?? []).ToList();
        Assert.Equal([ToolStatus.Failed, ToolStatus.Failed, ToolStatus.Ok, ToolStatus.Ok], calls.Take(4).Select(c => c.Status));
        Assert.All(Answers(state, text).Take(2), a => Assert.Contains("Addresses are result:ID", a, StringComparison.Ordinal));
        Assert.Equal(["file:a.txt"], state.Context!.Pins);
    }

    [Fact]
    public void The_view_names_every_item_its_place_its_provenance_and_the_reason()
    {
        var (events, _) = Run(Read, Call("todo", """{"items":[]}"""));
        var view = ContextViewer.Of(RunId.Parse("rtools"), events, events.Count);
        Assert.Equal(view.Items.Select(i => i.Address).Distinct().Count(), view.Items.Length);
        var file = Assert.Single(view.Items, i => i.Address.StartsWith("ctx://rtools/l1/file:a.txt@", StringComparison.Ordinal));
        Assert.True(file is { Untrusted: true, Form: "whole", Why.Length: > 0, Worth: not null }, file.ToString());
        Assert.Contains("a.txt@", file.Provenance, StringComparison.Ordinal);
        Assert.All(["task", "role", "tools", "todo"], name => Assert.Contains(view.Items, i => i.Address == $"ctx://rtools/l1/{name}" && i.Pinned));
        Assert.Contains(view.Items, i => i.Tier == "L4");
        Assert.All(view.Prompts, p => Assert.True(p is { Break: null } && p.Reused == p.Bound));
        Assert.Equal(3, view.Prompts.Length);
    }

    private static ScriptedTurn Call(string tool, string arguments) => new(new ScriptedCall(tool, arguments));

    private static List<string> Answers(RunState state, Func<BlobHash, string> text) =>
        [.. state.History.SelectMany(e => e.Turn?.Calls ?? []).Select(c => text(c.Result))];

    private static (RunState State, Func<BlobHash, string> Text) Play(params ScriptedTurn[] turns)
    {
        var (events, bodies) = Run(turns);
        return (Cairn.Kernel.Kernel.Fold(events), hash => bodies[hash]);
    }

    private static (List<RunEvent> Events, Dictionary<BlobHash, string> Bodies) Run(params ScriptedTurn[] turns)
    {
        var job = new SimulatedJob(3, ("one", [.. turns, SimulatedJob.Done]));
        job.Machine.Files.Repository = job.Machine.Files.Repository.SetItem("a.txt", new(EntryKind.File, Encoding.UTF8.GetBytes("one\ntwo\n"), 0x1A4));
        List<RunEvent> events = [];
        Dictionary<BlobHash, string> bodies = [];
        job.Live(async process =>
        {
            var run = await process.EnsureAsync("rtools", "one", r => r with { Merge = MergeMode.Never });
            await process.FinishAsync(run, null);
            events = [.. process.Events(run)];
            foreach (var hash in events.SelectMany(References.Of))
            {
                bodies[hash] = process.Services.Blobs.GetText(hash);
            }

            Assert.Null(ReplayVerifier.Verify(process.Services.Journal, process.Services.Blobs, run).Difference);
        });
        return (events, bodies);
    }
}
