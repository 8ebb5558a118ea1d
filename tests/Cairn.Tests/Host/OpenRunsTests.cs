using Cairn.Host;
using Cairn.Storage;

namespace Cairn.Tests.Host;

public sealed class OpenRunsTests
{
    private static readonly RunEvent End = new RunEnded(RunOutcome.Succeeded, "", default);
    private static readonly RunEvent Merging = new MergeStarted(default, default);
    private static readonly RunEvent Merged = new MergeFinished(MergeStatus.Merged, 1, "");
    private static readonly RunEvent Mark = new CheckpointTaken("here");
    private static readonly RunEvent Back = new RunRolledBack(CheckpointId.Parse("c0"), "", Continue: false);

    public static TheoryData<bool, RunEvent[]> Journals => new()
    {
        { true, [Mark, End] },
        { true, [Mark, End, Merging, Merged] },
        { true, [Mark, Merging, Merged, End] },
        { false, [Mark, Merging, Merged] },
        { false, [Mark, End, Back] },
        { false, [Mark, End, Merging, Merged, Merging, Merged, Merging] },
        { false, [Mark] },
    };

    [Theory]
    [MemberData(nameof(Journals))]
    public async Task A_run_counts_as_over_only_when_its_last_records_prove_it(bool over, RunEvent[] events)
    {
        using var store = StateStore.Open(new SimulatedDisk(1), "/state", TimeProvider.System);
        await store.Journal.AppendAsync(RunId.Parse("r1"), 0, events, TestContext.Current.CancellationToken);
        Assert.Equal(over, OpenRuns.IsOver(store.Journal, store.Journal.Runs()[0]));
    }
}
