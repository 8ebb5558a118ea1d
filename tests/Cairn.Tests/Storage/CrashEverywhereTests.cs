using Cairn.Storage;
using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Storage;

public sealed class CrashEverywhereTests
{
    [Fact]
    public void After_a_crash_at_any_disk_operation_nothing_acknowledged_is_lost()
    {
        var total = Operations();
        Assert.InRange(total, 60, 1000);
        for (var seed = 0UL; seed < 10; seed++)
        {
            for (var at = 0L; at < total; at++)
            {
                CrashOnce(seed, at);
            }
        }
    }

    [Fact]
    public void After_a_crash_within_the_recovery_of_a_crash_nothing_acknowledged_is_lost()
    {
        var total = Operations();
        for (var seed = 100UL; seed < 102; seed++)
        {
            for (var at = 3L; at < total; at += 5)
            {
                for (var again = 0L; ; again++)
                {
                    var script = new StorageScript();
                    var disk = Crash(script, seed, at).Restart();
                    disk.CrashAt(again);
                    var situation = $"seed {seed}, crash at {at}, then at {again} of the recovery";
                    Die(() => StorageScript.Open(disk).Dispose());
                    if (!disk.Crashed)
                    {
                        break;
                    }

                    var second = disk.Restart();
                    using var store = StorageScript.Open(second);
                    script.Check(store, second, situation);
                }
            }
        }
    }

    [Fact]
    public void A_failing_disk_operation_loses_nothing_that_was_acknowledged()
    {
        var total = Operations();
        foreach (var fault in new[] { DiskFault.InputOutput, DiskFault.NoSpace })
        {
            for (var at = 0L; at < total; at++)
            {
                // Two and three in a row: the attempt to take a failed write back fails as well.
                for (var count = 1; count <= 3; count++)
                {
                    FailOnce(fault, at, count);
                }
            }
        }
    }

    [Fact]
    public void Random_scripts_survive_a_crash_at_a_random_operation()
    {
        var step = ArbMap.Default.GeneratorFor<byte>().Select(value => (int)value);
        var script = Gen.Choose(1, 12).SelectMany(count => Gen.ArrayOf(step, count));
        Prop.ForAll(script.ToArbitrary(), Gen.Choose(0, 120).ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (steps, at, number) =>
        {
            var seed = (ulong)number;
            var job = new StorageScript();
            var disk = new SimulatedDisk(seed);
            disk.CrashAt(at);
            Die(() =>
            {
                using var store = StorageScript.Open(disk);
                for (var i = 0; i < steps.Length; i++)
                {
                    job.Append(store, "r" + (steps[i] % 3), 1 + (steps[i] % 4), steps[i] % 5 == 0 ? 0 : steps[i] * 16, (i * 256) + steps[i]);
                }
            });
            var restarted = disk.Restart();
            using var again = StorageScript.Open(restarted);
            job.Check(again, restarted, $"seed {seed}, crash at {at}");
        }).QuickCheckThrowOnFailure();
    }

    private static long Operations()
    {
        var disk = new SimulatedDisk(1);
        using (var store = StorageScript.Open(disk))
        {
            new StorageScript().Run(store, 3);
        }

        return disk.Operations;
    }

    private static void CrashOnce(ulong seed, long at)
    {
        var script = new StorageScript();
        var situation = $"seed {seed}, crash at {at}";
        var restarted = Crash(script, seed, at).Restart();
        using (var store = StorageScript.Open(restarted))
        {
            script.Check(store, restarted, situation);
            script.Run(store, 2);
            if (at % 2 == 0)
            {
                // What recovery left behind must also bear a roll-over and a second crash, not only a clean end.
                restarted.Crash();
            }
        }

        var later = restarted.Restart();
        using var last = StorageScript.Open(later);
        script.Check(last, later, situation + ", later");
    }

    private static void FailOnce(DiskFault fault, long at, int count)
    {
        var situation = $"{count} x {fault} at {at}";
        var script = new StorageScript();
        var disk = new SimulatedDisk((ulong)at);
        disk.FailAt(at, fault, count);
        try
        {
            using var store = StorageScript.Open(disk);
            script.Run(store, 3);
        }
        catch (IOException)
        {
        }

        // First as the next process sees it (page cache and all), then after the power failed too.
        disk.Mend();
        using (var store = StorageScript.Open(disk))
        {
            script.Check(store, disk, situation + ", reopened");
            script.Append(store, "b", 1, 30, 1000);
            disk.Crash();
        }

        var restarted = disk.Restart();
        using var later = StorageScript.Open(restarted);
        script.Check(later, restarted, situation + ", after a crash");
    }

    private static SimulatedDisk Crash(StorageScript script, ulong seed, long at)
    {
        var disk = new SimulatedDisk(seed);
        disk.CrashAt(at);
        Die(() =>
        {
            using var store = StorageScript.Open(disk);
            script.Run(store, 3);
        });
        return disk;
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
