using Cairn.Host;

namespace Cairn.Tests.Kernel;

public sealed class BudgetLedgerTests
{
    private static readonly RunId Root = RunId.Parse("root");

    [Fact]
    public async Task Sixty_four_children_that_race_for_the_last_tenth_never_overspend_their_root()
    {
        var ledger = new BudgetLedger();
        ledger.Open(Root, null, new RunLimits { Tokens = 1_000_000, Usd = 10 }, usage: 900_000, usd: 9);
        var children = Enumerable.Range(0, 64).Select(i => RunId.Parse($"child{i}")).ToList();
        children.ForEach(c => ledger.Open(c, Root, new RunLimits { Tokens = 500_000 }, 0, 0));
        long worst = 0;
        var granted = 0;
        await Task.WhenAll(children.Select((child, i) => Task.Run(() =>
        {
            var random = new Random(i);
            for (var call = 0; call < 200; call++)
            {
                var tokens = random.Next(50, 3_000);
                var usd = tokens / 100_000m;
                if (ledger.TryReserve(child, tokens, usd) is not null)
                {
                    continue;
                }

                Interlocked.Increment(ref granted);
                var (spent, reserved) = ledger.Tokens(Root);
                InterlockedMax(ref worst, spent + reserved);
                ledger.Settle(child, tokens, usd, random.Next(0, tokens + 1), usd / 2);
            }
        })));
        Assert.True(granted > 64);
        Assert.InRange(worst, 950_000, 1_000_000);
        Assert.Equal(0, ledger.Tokens(Root).Reserved);
    }

    [Fact]
    public void A_refusal_names_the_run_whose_limit_forbids_it_and_sets_nothing_aside()
    {
        var ledger = new BudgetLedger();
        var (middle, leaf) = (RunId.Parse("middle"), RunId.Parse("leaf"));
        ledger.Open(Root, null, new RunLimits { Tokens = 100 }, 0, 0);
        ledger.Open(middle, Root, new RunLimits { Tokens = 1000 }, 0, 0);
        ledger.Open(leaf, middle, new RunLimits(), 0, 0);
        Assert.Equal(Root, ledger.TryReserve(leaf, 101, 0)!.Value.By);
        Assert.Equal((0, 0), ledger.Tokens(Root));
        Assert.Null(ledger.TryReserve(leaf, 100, 0));
        Assert.Equal((0, 100), ledger.Tokens(middle));
    }

    [Fact]
    public void What_a_child_spent_before_counts_when_its_account_is_opened_again()
    {
        var ledger = new BudgetLedger();
        var child = RunId.Parse("child");
        ledger.Open(Root, null, new RunLimits { Tokens = 100 }, 40, 0);
        ledger.Open(child, Root, new RunLimits(), 50, 0);
        ledger.Open(child, Root, new RunLimits(), 50, 0);
        Assert.Equal(90, ledger.Tokens(Root).Spent);
        Assert.NotNull(ledger.TryReserve(child, 11, 0));
        ledger.Close(Root);
        ledger.Open(Root, null, new RunLimits { Tokens = 100 }, 40, 0);
        Assert.Equal(40, ledger.Tokens(Root).Spent);
    }

    private static void InterlockedMax(ref long target, long value)
    {
        for (var seen = Interlocked.Read(ref target); value > seen;)
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
