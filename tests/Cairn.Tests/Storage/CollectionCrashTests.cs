using Cairn.Storage;

namespace Cairn.Tests.Storage;

/// <summary>Every disk operation of a collection is a place to crash or to fail at.</summary>
public sealed class CollectionCrashTests
{
    [Fact]
    public void After_a_crash_at_any_operation_the_dropped_runs_are_whole_or_gone_and_nothing_else_is_lost()
    {
        var total = Operations();
        Assert.InRange(total, 30, 500);
        var (stayed, gone) = (0, 0);
        for (var seed = 0UL; seed < 3; seed++)
        {
            for (var at = 0L; at < total; at++)
            {
                var script = new CollectionScript();
                var disk = new SimulatedDisk(seed);
                Die(() =>
                {
                    using var store = Prepared(script, disk);
                    disk.CrashAt(disk.Operations + at);
                    Work(store);
                });
                var situation = $"seed {seed}, crash at {at} ({disk.LastOperation})";
                Assert.True(disk.Crashed, situation);
                var restarted = disk.Restart();
                using (var store = CollectionScript.Open(restarted))
                {
                    script.Check(store, restarted, situation, "b", "d");
                    _ = store.Journal.Runs().Any(head => head.Run.Value == "b") ? stayed++ : gone++;

                    // Another collection ends what this one began, and may itself be the last thing before a crash.
                    Assert.Equal(2, Finish(store));
                    script.Check(store, restarted, situation + ", finished", "b", "d");
                    restarted.Crash();
                }

                var later = restarted.Restart();
                using var last = CollectionScript.Open(later);
                script.Check(last, later, situation + ", later", "b", "d");
                Assert.Equal(["a", "c"], last.Journal.Runs().Select(head => head.Run.Value));
            }
        }

        Assert.NotEqual(0, stayed);
        Assert.NotEqual(0, gone);
    }

    [Fact]
    public void A_failing_disk_operation_loses_nothing_that_stays_and_leaves_no_run_half()
    {
        var total = Operations();
        foreach (var fault in new[] { DiskFault.InputOutput, DiskFault.NoSpace })
        {
            for (var at = 0L; at < total; at++)
            {
                for (var count = 1; count <= 3; count++)
                {
                    FailOnce(fault, at, count);
                }
            }
        }
    }

    private static void FailOnce(DiskFault fault, long at, int count)
    {
        var script = new CollectionScript();
        var disk = new SimulatedDisk((ulong)at);
        var situation = $"{count} x {fault} at {at}";
        using (var store = Prepared(script, disk))
        {
            disk.FailAt(disk.Operations + at, fault, count);
            try
            {
                Work(store);
            }
            catch (IOException)
            {
            }

            disk.Mend();
            try
            {
                // The store goes on, or says clearly that it does not.
                script.Note(store, "a", "after the failure");
            }
            catch (IOException)
            {
            }

            if (count == 2)
            {
                disk.Crash();
            }
        }

        var restarted = count == 3 ? disk : disk.Restart();
        using (var store = CollectionScript.Open(restarted))
        {
            script.Check(store, restarted, situation, "b", "d");
            Finish(store);
            script.Check(store, restarted, situation + ", finished", "b", "d");
        }

        using var last = CollectionScript.Open(restarted);
        script.Check(last, restarted, situation + ", reopened", "b", "d");
    }

    private static long Operations()
    {
        var disk = new SimulatedDisk(1);
        using var store = Prepared(new(), disk);
        var before = disk.Operations;
        Work(store);
        return disk.Operations - before;
    }

    private static StateStore Prepared(CollectionScript script, SimulatedDisk disk)
    {
        var store = CollectionScript.Open(disk);
        script.Fill(store, "a", "b", "c", "d");
        return store;
    }

    private static void Work(StateStore store) => CollectionScript.Collect(store, "b", "d");

    private static int Finish(StateStore store)
    {
        CollectionScript.Collect(store, "b", "d");
        return store.Journal.Runs().Count;
    }

    private static void Die(Action action)
    {
        try
        {
            action();
        }
        catch (SimulatedCrashException)
        {
        }
    }
}
