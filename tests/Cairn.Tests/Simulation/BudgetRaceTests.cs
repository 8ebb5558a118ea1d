using Cairn.Host;
using Cairn.Host.Simulation;
using Cairn.Sdk;

namespace Cairn.Tests.Simulation;

public sealed class BudgetRaceTests
{
    private const long Limit = 1_000_000;
    private const int Racing = 64;

    /// <summary>Nine tenths are spent by one child; then 64 at once want the rest. The log says what was spent and set aside when.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Sixty_four_children_that_race_for_the_last_tenth_never_overspend_their_parent(ulong seed)
    {
        var job = new SimulatedJob(
            seed,
            ("spender", [.. Enumerable.Repeat(SimulatedJob.Append("a 1") with { InputTokens = 100_000 }, 8), SimulatedJob.Done with { InputTokens = 100_000 }]),
            ("racer", [SimulatedJob.Append("b 1") with { InputTokens = 4_000 }, SimulatedJob.Append("b 2") with { InputTokens = 4_000 }, SimulatedJob.Done]));
        job.Live(async process =>
        {
            var agent = new Parent();
            var run = await process.EnsureAsync("rparent", null, r => r with { Merge = MergeMode.Never, Code = agent, Limits = new() { Tokens = Limit } });
            await process.FinishAsync(run, agent);
            Assert.Equal(RunOutcome.Succeeded, SimulatedJob.State(process, run).Outcome);
            Assert.Equal(1 + Racing, agent.Children.Count);
            Assert.Contains(agent.Children.Skip(1), c => c.Outcome == RunOutcome.Succeeded);
            Assert.Contains(agent.Children.Skip(1), c => c.Outcome == RunOutcome.OverBudget);
            Assert.InRange(agent.Children.Sum(c => c.Usage.Total), 900_000, Limit);
            Assert.InRange(Most(process), 950_000, Limit);
        });
    }

    /// <summary>The most that was spent and set aside at any one moment.</summary>
    private static long Most(SimulatedProcess process)
    {
        var reserved = new Dictionary<RunId, long>();
        var (spent, most) = (0L, 0L);
        foreach (var record in process.Store.ReadLog(0, int.MaxValue).Select(r => r.Record))
        {
            switch (record.Event)
            {
                case ModelCallStarted call:
                    reserved[record.Run] = call.ReservedTokens;
                    break;
                case ModelCallFinished answer:
                    reserved[record.Run] = 0;
                    spent += answer.Usage.Total;
                    break;
                case ModelCallFailed:
                    reserved[record.Run] = 0;
                    break;
                default:
                    break;
            }

            most = Math.Max(most, spent + reserved.Values.Sum());
        }

        return most;
    }

    private sealed class Parent : CodeAgent
    {
        public override string Name => "parent";

        public List<ChildResult> Children { get; } = [];

        protected override async Task<AgentResult> WorkAsync(AgentRuntime runtime, CancellationToken cancellationToken)
        {
            Children.AddRange((await runtime.SpawnAsync([new("spend", "sim:spender")], false, cancellationToken)).OrStop());
            Children.AddRange((await runtime.SpawnAsync(
                [.. Enumerable.Range(0, Racing).Select(i => new ChildRequest($"race {i}", "sim:racer"))], false, cancellationToken)).OrStop());
            return new(true, "done");
        }
    }
}
