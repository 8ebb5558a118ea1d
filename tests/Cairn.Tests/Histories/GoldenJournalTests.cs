using System.Globalization;
using System.Text.Json;
using Cairn.Host;
using Cairn.Kernel;
using Cairn.Storage;
using Cairn.Tests.Architecture;
using Cairn.Tests.Replay;
using K = Cairn.Kernel.Kernel;
using RunState = Cairn.Kernel.RunState;

namespace Cairn.Tests.Histories;

/// <summary>
/// Journals of every version are replayed for ever. When one of these tests fails, the kernel or the format gives old journals
/// another meaning. The mend is a switch on the version that a run was started under, never a new golden file: users have
/// such journals too.
/// </summary>
public sealed class GoldenJournalTests
{
    private const string Mend =
        "An old journal gets another meaning. Raise Kernel.Version, keep the old rules for runs of the old version, and leave tests/histories as it is.";

    private static readonly string Root = Path.Combine(SourceTree.Root, "tests", "histories");

    public static TheoryData<string> Histories => [.. Directory.GetDirectories(Root, "v*").SelectMany(Directory.GetDirectories)
        .Select(d => Path.GetRelativePath(Root, d)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Histories))]
    public void A_golden_journal_keeps_every_state_prompt_and_outcome(string history)
    {
        var directory = Path.Combine(Root, history);
        var expected = JsonSerializer.Deserialize<SortedDictionary<string, ExpectedRun>>(File.ReadAllText(Path.Combine(directory, "expected.json")))!;
        Assert.Empty(StateStore.Verify(new PosixDisk(), directory, TestContext.Current.CancellationToken));
        using var store = StateStore.OpenReadOnly(new PosixDisk(), directory);
        Assert.Equal(expected.Keys, store.Journal.Runs().Select(h => h.Run.Value).Order(StringComparer.Ordinal));
        foreach (var (id, run) in expected)
        {
            var found = Fold(store, RunId.Parse(id));
            Assert.True(run.Kernel == found.Kernel && history.StartsWith($"v{run.Kernel}/", StringComparison.Ordinal), $"{history}/{id} is of kernel {found.Kernel}.");
            Assert.True(run.States.SequenceEqual(found.States), $"{history}/{id}: the state after record {FirstDifference(run.States, found.States)} differs. {Mend}");
            Assert.True(run.Prompts.SequenceEqual(found.Prompts), $"{history}/{id}: the prompts differ. {Mend}");
            Assert.True((run.Phase, run.Outcome) == (found.Phase, found.Outcome), $"{history}/{id} ends as {found.Phase} {found.Outcome}. {Mend}");
            var report = ReplayVerifier.Verify(store.Journal, store.Blobs, RunId.Parse(id));
            Assert.True(report.Passed, $"{history}/{id}: {report.Difference}. {Mend}");
        }
    }

    [Fact]
    public void There_are_golden_journals_of_every_version_and_all_scripts_of_this_one()
    {
        for (var version = 1; version <= K.Version; version++)
        {
            Assert.NotEmpty(Directory.GetDirectories(Path.Combine(Root, string.Create(CultureInfo.InvariantCulture, $"v{version}"))));
        }

        Assert.Equal(HistoryScripts.All.Keys.Order(StringComparer.Ordinal), Directory.GetDirectories(Current).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_golden_journals_hold_every_kind_of_event()
    {
        var held = new HashSet<Type>();
        foreach (var directory in Directory.GetDirectories(Current))
        {
            using var store = StateStore.OpenReadOnly(new PosixDisk(), directory);
            held.UnionWith(store.Journal.Runs().SelectMany(h => store.Journal.Read(h.Run)).Select(r => r.Event.GetType()));
        }

        var all = typeof(RunEvent).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(RunEvent)));
        Assert.Empty(all.Except(held).Select(t => t.Name));
    }

    /// <summary>
    /// Writes the golden journals of this version. Explicit: a normal run never touches them. Once a version is released its
    /// directory holds a file RELEASED, and then this refuses.
    /// </summary>
    [Fact(Explicit = true)]
    public void Write_the_golden_journals_of_this_version()
    {
        Assert.False(File.Exists(Path.Combine(Current, "RELEASED")), $"The journals of version {K.Version} are released: {Mend}");
        if (Directory.Exists(Current))
        {
            Directory.Delete(Current, recursive: true);
        }

        foreach (var (name, script) in HistoryScripts.All)
        {
            var directory = Path.Combine(Current, name);
            using (var store = ScriptedRun.NewStore(new PosixDisk(), directory))
            {
                script(store);
            }

            // What a reader does not need and git does not keep.
            File.Delete(Path.Combine(directory, "lock"));
            using var written = StateStore.OpenReadOnly(new PosixDisk(), directory);
            var expected = new SortedDictionary<string, ExpectedRun>(StringComparer.Ordinal);
            foreach (var head in written.Journal.Runs())
            {
                expected.Add(head.Run.Value, Fold(written, head.Run));
                var report = ReplayVerifier.Verify(written.Journal, written.Blobs, head.Run);
                Assert.True(report.Passed, report.Difference);
            }

            File.WriteAllText(Path.Combine(directory, "expected.json"), JsonSerializer.Serialize(expected, Indented) + "\n");
        }
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static string Current => Path.Combine(Root, string.Create(CultureInfo.InvariantCulture, $"v{K.Version}"));

    private static ExpectedRun Fold(StateStore store, RunId run)
    {
        var states = new List<string>();
        var prompts = new List<string>();
        var state = RunState.New;
        foreach (var e in RunHistory.Events(store.Journal, run))
        {
            if (e is ModelCallStarted)
            {
                var ask = K.Decide(state).OfType<AskModel>().Single();
                prompts.Add(BlobHash.Of(PromptRenderer.CanonicalBytes(PromptRenderer.Render(ask.Plan, ask.MaxOutputTokens, store.Blobs.Get))).Value);
            }

            state = K.Apply(state, e);
            states.Add(K.Hash(state).Value);
        }

        return new(state.Spec.Kernel, state.Phase.ToString(), state.Outcome?.ToString(), states, prompts);
    }

    private static int FirstDifference(IReadOnlyList<string> a, IReadOnlyList<string> b) => a.Zip(b).TakeWhile(p => p.First == p.Second).Count();

    /// <summary>What a golden run must give.</summary>
    internal sealed record ExpectedRun(int Kernel, string Phase, string? Outcome, IReadOnlyList<string> States, IReadOnlyList<string> Prompts);
}
