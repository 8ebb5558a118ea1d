using Cairn.Host;

namespace Cairn.Tests.Host;

public sealed class FairGateTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_waits_longest_is_next_and_nobody_is_overtaken()
    {
        var gate = new FairGate(2);
        var inside = new Queue<IDisposable>([await gate.EnterAsync(Cancel), await gate.EnterAsync(Cancel)]);
        var waiting = Enumerable.Range(0, 50).Select(_ => gate.EnterAsync(Cancel)).ToList();
        Assert.Equal((2, 50), (gate.Inside, gate.Waiting));
        for (var i = 0; i < waiting.Count; i++)
        {
            inside.Dequeue().Dispose();
            var late = gate.EnterAsync(Cancel);
            inside.Enqueue(await waiting[i]);
            Assert.All(waiting.Skip(i + 1), w => Assert.False(w.IsCompleted));
            Assert.False(late.IsCompleted);
        }
    }

    /// <summary>The wait is bounded by those who were there before, however often the others come back.</summary>
    [Fact]
    public async Task A_greedy_caller_passes_a_waiting_one_at_most_once()
    {
        var gate = new FairGate(1);
        var place = await gate.EnterAsync(Cancel);
        var greedy = gate.EnterAsync(Cancel);
        var patient = gate.EnterAsync(Cancel);
        var passed = 0;
        while (!patient.IsCompleted)
        {
            Assert.InRange(passed, 0, 1);
            place.Dispose();
            if (await Task.WhenAny(greedy, patient) == patient)
            {
                break;
            }

            (place, greedy) = (await greedy, gate.EnterAsync(Cancel));
            passed++;
        }

        Assert.Equal(1, passed);
        (await patient).Dispose();
        (await greedy).Dispose();
        Assert.Equal((0, 0), (gate.Inside, gate.Waiting));
    }

    [Fact]
    public async Task Who_gives_up_leaves_his_place_in_the_line_to_the_next()
    {
        var gate = new FairGate(1);
        var place = await gate.EnterAsync(Cancel);
        using var patience = new CancellationTokenSource();
        var gone = gate.EnterAsync(patience.Token);
        var next = gate.EnterAsync(Cancel);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        place.Dispose();
        place.Dispose();
        (await next).Dispose();
        Assert.Equal((0, 0), (gate.Inside, gate.Waiting));
    }

    [Fact]
    public async Task Never_more_are_inside_than_there_is_room_for()
    {
        var gate = new FairGate(3);
        var first = await gate.EnterAsync(Cancel);
        using var second = await gate.EnterAsync(Cancel);
        using var third = await gate.EnterAsync(Cancel);
        var fourth = gate.EnterAsync(Cancel);
        Assert.Equal((3, 1, false), (gate.Inside, gate.Waiting, fourth.IsCompleted));
        first.Dispose();
        using var _ = await fourth;
        Assert.Equal((3, 0), (gate.Inside, gate.Waiting));
    }

    [Fact]
    public async Task Threads_that_come_and_go_at_once_never_overfill_it()
    {
        var gate = new FairGate(3);
        var inside = 0;
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(
            async () =>
            {
                for (var n = 0; n < 50; n++)
                {
                    using var place = await gate.EnterAsync(Cancel);
                    var now = Interlocked.Increment(ref inside);
                    Assert.InRange(now, 1, 3);
                    await Task.Yield();
                    Interlocked.Decrement(ref inside);
                }
            },
            Cancel)));
        Assert.Equal((0, 0), (gate.Inside, gate.Waiting));
    }
}
