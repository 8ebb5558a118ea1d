using Cairn.Host.Simulation;

namespace Cairn.Tests.Simulation;

public sealed class SimulatedSchedulerTests
{
    private readonly SimulatedTime _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Time_jumps_to_the_next_timer()
    {
        var order = new List<int>();
        Scheduler(1).Run(
            () => Task.WhenAll(new[] { 3, 1, 2 }.Select(async hours =>
            {
                await Task.Delay(TimeSpan.FromHours(hours), _time);
                order.Add(hours);
            })),
            () => false);
        Assert.Equal([1, 2, 3], order);
        Assert.Equal(TimeSpan.FromHours(3), _time.Elapsed);
    }

    [Fact]
    public void The_seed_decides_the_order_of_what_is_ready()
    {
        Assert.Equal(Order(1), Order(1));
        Assert.Contains(Enumerable.Range(2, 20), seed => !Order(seed).SequenceEqual(Order(1)));
    }

    [Fact]
    public void What_waits_for_ever_is_named_as_such()
    {
        var never = new TaskCompletionSource();
        Assert.Throws<SimulationStalledException>(() => Scheduler(1).Run(() => never.Task, () => false));
    }

    [Fact]
    public void A_machine_that_dies_runs_nothing_more()
    {
        var ran = 0;
        var scheduler = new SimulatedScheduler(1, _time) { StopAt = 2 };
        scheduler.Run(
            async () =>
            {
                for (; ran < 100; ran++)
                {
                    await Task.Yield();
                }
            },
            () => false);
        Assert.True(scheduler.Stopped);
        Assert.Equal(2, ran);
    }

    [Fact]
    public void A_cancelled_timer_does_not_fire()
    {
        using var late = new CancellationTokenSource(TimeSpan.FromHours(1), _time);
        late.Dispose();
        Scheduler(1).Run(() => Task.Delay(TimeSpan.FromHours(2), _time), () => false);
        Assert.False(late.IsCancellationRequested);
    }

    private SimulatedScheduler Scheduler(int seed) => new(seed, _time);

    private List<int> Order(int seed)
    {
        var order = new List<int>();
        Scheduler(seed).Run(
            () => Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
            {
                await Task.Yield();
                order.Add(i);
            })),
            () => false);
        return order;
    }
}
