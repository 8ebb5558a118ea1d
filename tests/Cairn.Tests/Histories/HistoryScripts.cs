using Cairn.Storage;
using Cairn.Tests.Replay;
using K = Cairn.Kernel.Kernel;

namespace Cairn.Tests.Histories;

/// <summary>
/// The runs that the golden journals hold. They are scripts: nothing in them depends on a clock, a machine or chance, so they
/// give the same bytes everywhere.
/// </summary>
internal static class HistoryScripts
{
    public static IReadOnlyDictionary<string, Action<StateStore>> All { get; } = new Dictionary<string, Action<StateStore>>
    {
        ["repair"] = Repair,
        ["turns-back"] = TurnsBack,
        ["code-agent"] = CodeAgent,
        ["tight"] = Tight,
        ["under-policy"] = UnderPolicy,
        ["paused"] = Paused,
        ["conflicts"] = Conflicts,
        ["context"] = Context,
        ["watched"] = Watched,
        ["archive"] = Archive,
    };

    /// <summary>An invalid call, a failed call, reads side by side, a rejection by the judge, its acceptance, a merge.</summary>
    private static void Repair(StateStore store) => ScriptedRun.Start(store, "repair", judge: new("run the tests", 60))
        .Answer("I read it.", ("read!", """{"file":"a.py"}"""), ("read", """{"path":"b.py"}"""), ("read", """{"path":"c.py"}"""))
        .Finish("def b(): pass\n", last: true).Finish("no such file: c.py", ToolStatus.Failed)
        .Answer("I change it.", ("write", """{"path":"a.py","content":"x = 1\n"}"""), ("complete", """{"outcome":"done"}"""))
        .Finish("written", layer: "l1").Finish("ok")
        .Judge(false, "1 of 2 tests fails: expected 2, was 1")
        .Answer("Once more.", ("write", """{"path":"a.py","content":"x = 2\n"}""")).Finish("written", layer: "l2")
        .Answer("", ("complete", """{"outcome":"done"}""")).Finish("ok")
        .Judge(true).Merge();

    /// <summary>Two pauses while the model answers, and then the answer.</summary>
    private static void Paused(StateStore store) => ScriptedRun.Start(store, "paused", merge: MergeMode.Never)
        .PauseModel("I thi").Happen(new RunRecovered("resume"))
        .PauseModel("I think th").Happen(new RunRecovered("resume"))
        .Answer("I think that is all.", ("complete", "{}")).Finish("ok");

    /// <summary>A merge with conflicts that a human decides about after the end, and the merge that goes by it.</summary>
    private static void Conflicts(StateStore store)
    {
        var run = ScriptedRun.Start(store, "conflicts")
            .Answer("I change it.", ("write", """{"path":"a.txt","content":"one"}""")).Finish("written", layer: "l1")
            .Answer("", ("complete", "{}")).Finish("ok")
            .Merge(MergeStatus.Conflicts);
        var decided = run.Put("[]");
        run.Happen(new ConflictsResolved(decided, ["a.txt: the run's version"], "somebody"))
            .Happen(new MergeStarted(run.Put("{}"), K.Hash(run.State)), new MergeFinished(MergeStatus.Conflicts, 0, "1 conflicts") { ConflictList = decided });
    }

    /// <summary>A model retry, a question to a human, a crash within a call, a rollback, a fork with another model.</summary>
    private static void TurnsBack(StateStore store)
    {
        var run = ScriptedRun.Start(store, "source", merge: MergeMode.Ask)
            .FailModel(ModelErrorKind.RateLimited).FailModel(ModelErrorKind.BrokenStream)
            .Answer("Which one?", ("ask_human", """{"question":"this or that?","options":["this","that"]}""")).Decide("this", yes: false)
            .Answer("I change it.", ("write", """{"path":"a.txt","content":"one"}"""));
        run.Happen(new RunRecovered("resume"));
        run.Finish("written", layer: "l1");
        var changed = run.State.Checkpoints[^1];
        run.Answer("And that.", ("write", """{"path":"b.txt","content":"two"}""")).Finish("written", layer: "l2")
            .Happen(new RunRolledBack(changed.Id, $"rolled back to {changed.Id} by the user", Continue: false))
            .Happen(new RunRecovered("resume"))
            .Answer("Otherwise.", ("complete", "{}")).Finish("ok").Decide("no", yes: false);
        run.Fork("fork", changed.Position, "test:two").Happen(new RunRecovered("resume"))
            .Answer("Done another way.", ("deploy", """{"to":"test"}"""), ("complete", "{}")).Happen(new RunRecovered("restart"))
            .Decide("no", yes: false).Finish("ok").Decide("yes", yes: true).Merge(MergeStatus.Conflicts);
    }

    /// <summary>A code agent with data for programs, a checkpoint of its own, a failed call, a stop by a limit of time.</summary>
    private static void CodeAgent(StateStore store)
    {
        ScriptedRun.Start(store, "renames", "rename a to b", AgentKind.Code, merge: MergeMode.Never)
            .Calls("read", """{"path":"a.cs"}""").Finish("class A;")
            .Happen(new CheckpointTaken("before the change"))
            .Calls("write", """{"path":"a.cs"}""").Finish("class B;", layer: "l1")
            .Calls("read", """{"path":"z.cs"}""").Finish("no such file", ToolStatus.Failed)
            .Happen(new AgentFinished(true, "1 file renamed"));
        ScriptedRun.Start(store, "stopped", "rename c to d", AgentKind.Code)
            .Calls("read", """{"path":"a.cs"}""").Finish("class A;")
            .Happen(new RunStopRequested(false, "the wall time of 00:10:00 is over", Limit: true));
    }

    /// <summary>Token and money limits with what is left told in the prompt, a window so small that results and turns are left out, a child, a refused budget.</summary>
    private static void Tight(StateStore store)
    {
        var run = ScriptedRun.Start(store, "tight", limits: new RunLimits { Tokens = 60_000, Usd = 1.5m, Steps = 30, ErrorsInARow = 3 }, window: 6_500);
        for (var i = 0; i < 20; i++)
        {
            run.Answer($"Look {i}.", ("read", $$"""{"path":"{{i}}.txt"}""")).Finish($"text {i}", tokens: 800);
        }

        Assert.True(run.State.Context is { Moves: > 1, Window: { First: > 0, Forms.IsEmpty: false } }, $"nothing is left out of the prompts: {run.State.Context!.Moves}");
        run.Answer("I say no more.").Answer("Really.");
        var child = ScriptedRun.Start(
            store, "child", limits: new RunLimits { Tokens = 20_000 }, parent: RunId.Parse("tight"), layer: "l9", refuse: true);
        Assert.Equal(Cairn.Kernel.RunPhase.Ended, child.State.Phase);
    }

    /// <summary>
    /// A list of things to do, notes, an error that stays and one that is resolved, files that are read, changed by somebody else
    /// and read again, a pin, summaries, a prompt that the provider refuses as too long, and moves that carry all this on.
    /// </summary>
    private static void Context(StateStore store)
    {
        var run = ScriptedRun.Start(store, "context", window: 12_000);
        FileMark File(string path, string text) => new(path, BlobHash.OfText(text));
        run.Answer("I plan.", ("read", """{"todo":1}""")).Finish("[ ] mend it", report: new() { Slot = ContextReport.Todo })
            .Answer("I note.", ("read", """{"note":1}""")).Finish("the parser is in a.c", report: new() { Slot = ContextReport.Scratchpad })
            .Answer("I read.", ("read", """{"path":"a.c"}""")).Finish("int a;", report: new() { Files = [File("a.c", "int a;")] },
                changed: new([File("a.c", "int b;")], run.Text("files changed", "a.c changed since you read it\n-int a;\n+int b;")))
            .Answer("I test.", ("write", """{"command":"make check"}""")).Finish("1 of 2 fails", report: new() { IsError = true, Subject = "make check" })
            .Answer("I test.", ("write", """{"command":"make all"}""")).Finish("no rule", report: new() { IsError = true, Subject = "make all" })
            .Answer("I pin.", ("read", """{"pin":"a.c"}""")).Finish("pinned", report: new() { Pin = "file:a.c" })
            .Answer("I build.", ("write", """{"command":"make all"}""")).Finish("built", layer: "l1", report: new() { Subject = "make all" });
        for (var i = 0; i < 20; i++)
        {
            run.Answer($"Look {i}.", ("read", $$"""{"path":"{{i % 4}}.c"}""")).Finish($"text {i}", tokens: 900, report: new()
            {
                Files = [File($"{i % 4}.c", $"text {i}")],
                Brief = run.Text("", $"brief {i}"),
            });
            run = i == 12 ? run.FailModel(ModelErrorKind.TooLong) : run;
        }

        Assert.True(run.State.Context is { Moves: > 1, Window.Carried.Texts.Length: > 2, Errors.Length: 1, Ceiling: not null }, "nothing was carried on");
        run.Answer("Done.", ("complete", """{"outcome":"done"}""")).Finish("ok");
    }

    /// <summary>Files that somebody changes while the model answers and while a command runs, and one that is as it was again; rules that make room at once.</summary>
    private static void Watched(StateStore store)
    {
        var run = ScriptedRun.Start(store, "watched", window: 8_000, rules: Cairn.Kernel.ContextState.Rules);
        FileMark File(string path, string text) => new(path, BlobHash.OfText(text));
        run.Answer("I read.", ("read", """{"path":"a.c"}"""), ("read", """{"path":"b.c"}"""))
            .Finish("int a;", report: new() { Files = [File("a.c", "int a;")] }).Finish("int b;", report: new() { Files = [File("b.c", "int b;")] })
            .Happen(new FilesNoticed([File("a.c", "int A;"), File("b.c", "")])).Happen(new FilesNoticed([File("b.c", "int b;"), File("c.c", "unread")]));
        Assert.Equal(["a.c"], run.State.Context!.Stale!);
        run.Answer("I build.", ("write", """{"command":"make"}""")).Happen(new FilesNoticed([new("b.c", default)]))
            .Finish("built", layer: "l1", changed: new([File("a.c", "int A;"), new("b.c", default)], run.Text("files changed", "a.c changed\n-int a;\n+int A;\nb.c is gone")));
        Assert.Null(run.State.Context.Stale);
        for (var i = 0; i < 16; i++)
        {
            run.Answer($"Look {i}.", ("read", $$"""{"path":"{{i}}.c"}""")).Finish($"text {i}", tokens: 700);
        }

        Assert.True(run.State.Context.Moves > 1, "no room was made");
        run.Answer("Done.", ("complete", """{"outcome":"done"}""")).Finish("ok");
    }

    /// <summary>An archive that answers while the model does, one whose answer is lost in a crash, one that fails; and what found no room.</summary>
    private static void Archive(StateStore store)
    {
        var run = ScriptedRun.Start(store, "archive", window: 12_000, rules: Cairn.Kernel.ContextState.Rules, archive: true);
        ArchivedText Item(string text, int tokens) => new(run.Text($"from memory: {text}.c@{BlobHash.OfText(text).Short}:1-4", text) with { Tokens = tokens }, new($"{text}.c", BlobHash.OfText(text)) { From = 1, To = 4 });
        run.Happen(new ArchiveAnswered(run.State.Spec.Task.Body, [Item("a", 200), Item("b", 9_000), Item("c", 100)], null))
            .Answer("I plan.", ("read", """{"todo":1}""")).Finish("[ ] mend it", report: new() { Slot = ContextReport.Todo });
        Assert.True(run.State.Context!.Archive is { Promoted: 2, Dropped: 1, Waiting: true }, "the list of things to do is no query");
        run.Happen(new RunRecovered("resume")).Happen(new ArchiveAnswered(BlobHash.OfText("[ ] mend it"), [], "It did not answer."))
            .Answer("Done.", ("complete", """{"outcome":"done"}""")).Finish("ok");
        Assert.Equal(3, run.State.Context!.Archive!.Without);
    }

    /// <summary>Calls that a policy permits and forbids, one that no rule permits, a rule that cannot be evaluated, and a model that it forbids.</summary>
    private static void UnderPolicy(StateStore store)
    {
        const string rules = """
            @id("tools") permit (principal, action == Action::"tool.call", resource);
            @id("models") permit (principal, action == Action::"model.call", resource) when { resource.name like "test:*" };
            @id("no-writes") @reason("this run reads") forbid (principal, action, resource == Tool::"write");
            @id("broken") permit (principal, action, resource) when { context.missing };
            """;
        var policy = new PolicyBinding("rules.cedar", BlobHash.OfText(rules), rules, "reader");
        ScriptedRun.Start(store, "reads", policy: policy)
            .Answer("I try.", ("read", """{"path":"a"}"""), ("write", """{"path":"a"}"""), ("read_file", """{"path":"a"}""")).Finish("text")
            .Answer("", ("complete", """{"outcome":"done"}""")).Finish("ok");
        ScriptedRun.Start(store, "asks", "rename", AgentKind.Code, policy: policy)
            .Calls("write", """{"path":"a"}""").Calls("read", """{"path":"a"}""").Finish("text")
            .Happen(new AgentFinished(false, "may not write"));
        const string silent = """permit (principal, action == Action::"tool.call", resource);""";
        ScriptedRun.Start(store, "silent", policy: new("silent.cedar", BlobHash.OfText(silent), silent, null));
    }
}
