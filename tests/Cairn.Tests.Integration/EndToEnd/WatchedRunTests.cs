using System.Collections.Concurrent;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Tests.Integration.EndToEnd;

/// <summary>Files that change behind an agent's back while its run waits: by hand, by a command, by another run.</summary>
public sealed class WatchedRunTests
{
    /// <summary>The promise is 100 ms; a machine that builds at the same time may be slower.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1_000);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_edit_by_hand_is_noted_at_once_while_the_run_waits_and_told_as_a_diff_before_the_next_prompt()
    {
        using var scene = await Scene.NewAsync(("src/a.txt", "one\ntwo\n"), ("b.txt", "b\n"));
        var model = scene.Model(
            "m", Script.Turn("", Script.Read("src/a.txt"), Script.Read("b.txt")), Script.Turn("", Script.Call("ask_human", new { question = "edit it?", options = Array.Empty<string>() })), Script.Turn("", Script.Complete()));
        var edited = default(DateTimeOffset);
        var watcher = new Noticing();
        var human = new EditingHuman(async () =>
        {
            // As editors do: another file takes its place.
            scene.Put("src/a.txt.tmp", "one\n2\n");
            edited = DateTimeOffset.UtcNow;
            File.Move(scene.In("src/a.txt.tmp"), scene.In("src/a.txt"), overwrite: true);
            scene.Put("c.txt", "nobody read this");
            await watcher.Noticed.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        });
        await DriveAsync(scene, model, human, watcher);
        var record = await watcher.Noticed.Task;
        Assert.Equal([new FileMark("src/a.txt", BlobHash.OfText("one\n2\n"))], ((FilesNoticed)record.Event).Files);
        Assert.True(record.At - edited < Soon, $"noted after {(record.At - edited).TotalMilliseconds} ms");
        var events = await scene.EventsAsync();
        var told = Assert.Single(events.OfType<FilesChanged>());
        Assert.True(events.FindIndex(e => e is FilesNoticed) < events.FindIndex(e => e is DecisionMade), "noted only after the run went on");
        Assert.IsType<ModelCallStarted>(events[events.IndexOf(told) + 1]);
        (await scene.CairnAsync("show", "last", "--at", "3")).Exits(0).Says("[files changed]", "src/a.txt", "+2");
        await scene.VerifiedAsync();
    }

    [Fact]
    public async Task What_a_command_changes_is_noted_while_it_still_runs_and_the_agents_own_edits_are_no_news()
    {
        using var scene = await Scene.NewAsync(("src/a.txt", "one\n"), ("b.txt", "b\n"));
        var model = scene.Model(
            "m", Script.Turn("", Script.Read("src/a.txt"), Script.Read("b.txt")), Script.Turn("", Script.Edit("b.txt", "b\n", "b", "own")),
            Script.Turn("", Script.Shell("echo two >> src/a.txt; sleep 0.6")), Script.Turn("", Script.Complete()));
        var watcher = new Noticing();
        await DriveAsync(scene, model, new EditingHuman(() => Task.CompletedTask), watcher);
        var events = await scene.EventsAsync();
        Assert.Equal(["src/a.txt"], Assert.Single(events.OfType<FilesNoticed>()).Files.Select(f => f.Path));
        Assert.True(events.FindIndex(e => e is FilesNoticed) < events.FindLastIndex(e => e is ToolCallFinished { FilesChanged: > 0 }), "noted only after the command");
        Assert.Equal(["src/a.txt"], Assert.Single(events.OfType<FilesChanged>()).Files.Select(f => f.Path));
        await scene.VerifiedAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_nothing_can_be_watched_or_events_are_lost_comparing_finds_the_change(bool loses)
    {
        using var scene = await Scene.NewAsync(("a.txt", "one\n"));
        var model = scene.Model(
            "m", Script.Turn("", Script.Read("a.txt")), Script.Turn("", Script.Call("ask_human", new { question = "edit it?", options = Array.Empty<string>() })), Script.Turn("", Script.Complete()));
        var watcher = new Noticing();
        var blind = new BlindWatch(loses);
        var human = new EditingHuman(async () =>
        {
            scene.Put("a.txt", "two\n");
            blind.Lose();
            await watcher.Noticed.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        });
        await DriveAsync(scene, model, human, watcher, blind);
        Assert.Single((await scene.EventsAsync()).OfType<FilesChanged>());
        await scene.VerifiedAsync();
    }

    private static async Task DriveAsync(Scene scene, string model, IHuman human, IRunObserver observer, IFileWatch? watch = null)
    {
        await using var cairn = CairnHost.Open(new HostOptions(scene.State, human, _ => null), (services, _) => watch is null ? services : services with { Watch = watch });
        var run = await cairn.StartAsync(new StartRun { Task = "Do the job", Repository = scene.Repository, Model = model, Judge = "", Merge = MergeMode.Never }, Cancel);
        var end = await cairn.DriveAsync(run, null, observer, Cancel);
        Assert.True(end.Status == "succeeded", $"{end.Status}: {end.Reason}");
    }

    /// <summary>Sees nothing: it cannot watch, or it only ever says that events were lost.</summary>
    private sealed class BlindWatch(bool loses) : IFileWatch, IWatchedFiles
    {
        private readonly ConcurrentBag<Action> _owners = [];
        private volatile bool _lost;

        public IWatchedFiles Open(Action changed)
        {
            _owners.Add(changed);
            return this;
        }

        public bool Add(WatchedPlace place) => loses;

        public WatchNews Take() => loses && _lost ? new(true, []) : WatchNews.None;

        public void Lose()
        {
            _lost = true;
            foreach (var changed in loses ? _owners.ToArray() : [])
            {
                changed();
            }
        }

        public void Dispose()
        {
        }
    }

    private sealed class EditingHuman(Func<Task> edit) : IHuman
    {
        public async Task<string?> AskAsync(string question, IReadOnlyList<string> options, CancellationToken cancellationToken)
        {
            await edit();
            return "done";
        }
    }

    private sealed class Noticing : IRunObserver
    {
        public TaskCompletionSource<JournalRecord> Noticed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Recorded(JournalRecord record)
        {
            if (record.Event is FilesNoticed)
            {
                Noticed.TrySetResult(record);
            }
        }

        public void ModelDelta(RunId run, ModelDelta delta)
        {
        }

        public void Output(RunId run, string text)
        {
        }
    }
}
