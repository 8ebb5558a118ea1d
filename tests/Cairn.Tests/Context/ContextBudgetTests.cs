using Cairn.Kernel;
using K = Cairn.Kernel.Kernel;
using RunState = Cairn.Kernel.RunState;

namespace Cairn.Tests.Context;

/// <summary>Random work with the kernel alone: no prompt is rendered, so that many operations are quick.</summary>
public sealed class ContextBudgetTests
{
    private const int Window = 30_000;

    /// <summary>CAIRN_CONTEXT_OPERATIONS asks for more than the suite's share.</summary>
    private static int Operations => int.TryParse(Environment.GetEnvironmentVariable("CAIRN_CONTEXT_OPERATIONS"), out var many) ? many : 20_000;

    [Theory]
    [InlineData(1, "next-use")]
    [InlineData(2, "lru")]
    [InlineData(3, "two-queues")]
    public void The_budget_is_never_exceeded_nothing_is_lost_and_the_sum_is_true_over_random_operations(int seed, string policy) =>
        Work(seed, policy, ContextState.Rules, Operations / 3);

    [Fact]
    public void The_same_holds_for_runs_of_the_first_rules() => Work(4, "next-use", null, Operations / 6);

    [Fact]
    public void By_the_rules_of_new_runs_room_is_made_less_often_for_the_same_work()
    {
        int Moves(int? rules)
        {
            var work = new RandomWork(7, "next-use", Window, rules);
            for (var i = 0; i < 3_000; i++)
            {
                work.Step();
            }

            return work.State.Context!.Moves;
        }

        Assert.InRange(Moves(ContextState.Rules), 10, Moves(null) - 1);
    }

    /// <summary>The campaign: explicit, because it takes long.</summary>
    [Fact(Explicit = true)]
    public void The_budget_is_never_exceeded_over_a_hundred_thousand_random_operations() => Work(5, "next-use", ContextState.Rules, 100_000);

    private static void Work(int seed, string policy, int? rules, int operations)
    {
        var work = new RandomWork(seed, policy, Window, rules);
        var longest = 0L;
        for (var i = 0; i < operations; i++)
        {
            work.Step();
            var state = work.State;
            longest = Math.Max(longest, work.Asked);
            Assert.True(work.Asked + Room.OutputReserve(state.Model!) <= Window, $"{work.Asked} tokens at operation {i}");
            if (i % 50 == 0)
            {
                var window = state.Context!.Window;
                var sum = (window.Carried?.Tokens ?? 0L) + Enumerable.Range(window.First, state.History.Count - window.First).Sum(e => (long)state.History[e].Tokens(window.Of(e).AsSpan()));
                Assert.Equal(sum, state.Context.Tokens);
            }

            // What is pinned between two moves and was taken out before is not in the prompt: a move is what the audit is for.
            if (work.Moved)
            {
                Assert.Empty(ContextAudit.Missing(state, state.Context!.Window));
            }
        }

        Assert.True(work.State.Context!.Moves > 5 && longest > Window / 2, $"{work.State.Context.Moves} moves, at most {longest} tokens");
    }

    [Fact]
    public void A_fold_of_the_same_events_makes_the_same_context_and_deciding_changes_nothing()
    {
        var work = new RandomWork(9, "next-use", Window);
        for (var i = 0; i < 2_000; i++)
        {
            work.Step();
        }

        var again = K.Fold(work.Journal);
        var before = K.Hash(work.State);
        Assert.Equal(before, K.Hash(again));
        Assert.Equal(work.State.Context!.Window.Digest, again.Context!.Window.Digest);
        Assert.Equal(work.State.Context.Files.Select(f => (f.Key, f.Value.Version)), again.Context.Files.Select(f => (f.Key, f.Value.Version)));
        Compaction.Fit(again);
        K.Decide(again);
        Assert.Equal(before, K.Hash(again));
    }

    [Fact]
    public void Reserves_are_taken_off_once_and_never_come_back_as_room()
    {
        var spec = Kernel.Scripted.Spec(model: new("test:one", 10_000, 2_000, Recorded: true));
        var state = K.Apply(RunState.New, spec);
        Assert.Equal(10_000 - 2_000, Room.Prompt(state));
        Assert.Equal(Room.Prompt(state) - Room.Fixed(spec), Room.Of(state));
        var usage = ContextFold.Answered(state.Context! with { Asked = 100 }, new ModelUsage(-50, -50), state.Model! with { Recorded = false });
        Assert.Equal(1000, usage.Calibration);
        var voted = ContextFold.Answered(state.Context! with { Asked = 100 }, new ModelUsage(300, 9), state.Model! with { Recorded = false, Voters = 3 });
        Assert.Equal(1000, voted.Calibration);
        Assert.Equal(75, ContextFold.Refused(state.Context! with { Asked = 100 }).Ceiling);
    }
}
