using Cairn.Abstractions;
using Cairn.Host;
using Cairn.Sdk;

namespace Cairn.Tests.Host;

public sealed class EndedRunsTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), "cairn-ended-" + Guid.NewGuid().ToString("N"));
    private static readonly DateTimeOffset Then = new(2026, 11, 21, 8, 0, 0, TimeSpan.Zero);
    private static readonly RunHead Head = new(RunId.Parse("r1"), 7, BlobHash.OfText("seven"), Then, Then);

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_summary_is_found_again_by_the_next_command_and_is_the_same()
    {
        var summary = Summary("r1", "done");
        new EndedRuns(_path).Add(Head, summary);
        Assert.Equal(summary, new EndedRuns(_path).Find(Head));
    }

    [Fact]
    public void A_run_that_went_on_or_has_other_records_is_not_known()
    {
        var runs = new EndedRuns(_path);
        runs.Add(Head, Summary("r1", "done"));
        Assert.Null(runs.Find(Head with { Count = 8 }));
        Assert.Null(new EndedRuns(_path).Find(Head with { Chain = BlobHash.OfText("edited") }));
        runs.Add(Head with { Count = 8 }, Summary("r1", "merged"));
        Assert.Equal("merged", new EndedRuns(_path).Find(Head with { Count = 8 })!.Status);
    }

    [Fact]
    public void What_is_cut_off_or_of_another_version_or_no_summary_at_all_is_left_out()
    {
        new EndedRuns(_path).Add(Head, Summary("r1", "done"));
        var whole = File.ReadAllText(_path);
        File.WriteAllText(_path, "null\n{}\n" + whole[..^9] + "\n" + whole.Replace("\"version\":\"", "\"version\":\"9", StringComparison.Ordinal) + "\0\0\n");
        Assert.Null(new EndedRuns(_path).Find(Head));
        File.AppendAllText(_path, whole);
        Assert.Equal("done", new EndedRuns(_path).Find(Head)!.Status);
    }

    [Fact]
    public void A_place_that_cannot_be_written_costs_nothing_but_time()
    {
        var runs = new EndedRuns(Path.Combine(_path, "there", "is", "none"));
        runs.Add(Head, Summary("r1", "done"));
        Assert.Equal("done", runs.Find(Head)!.Status);
    }

    private static RunSummary Summary(string run, string status) => new(
        RunId.Parse(run), "a \"task\"\nof two lines", status, true, "because", "agent", null, false, "/r", 3, new ModelUsage(1, 2, 3), 0.25m, true,
        MergeStatus.Merged, LayerId.Parse("r1.3"), null, Then, Then) { Records = 7 };
}
