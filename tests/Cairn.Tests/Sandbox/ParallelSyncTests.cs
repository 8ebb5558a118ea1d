using Cairn.Sandbox.Layers;

namespace Cairn.Tests.Sandbox;

public sealed class ParallelSyncTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly ParallelSync _syncs = new();

    public void Dispose() => _syncs.Dispose();

    [Fact]
    public void They_wait_together_and_not_for_one_another()
    {
        using var all = new Barrier(8);
        var met = 0;
        _syncs.Run([.. Enumerable.Repeat<Action>(Meet, 8)]);
        Assert.Equal(8, met);

        void Meet()
        {
            if (all.SignalAndWait(Patience))
            {
                Interlocked.Increment(ref met);
            }
        }
    }

    [Fact]
    public void What_goes_wrong_is_told_when_all_are_over()
    {
        var done = 0;
        var e = Assert.Throws<IOException>(() => _syncs.Run([.. Enumerable.Range(0, 40).Select(i => (Action)(() =>
        {
            Interlocked.Increment(ref done);
            if (i == 7)
            {
                throw new IOException("seven");
            }
        }))]));
        Assert.Equal("seven", e.Message);
        Assert.Equal(40, done);
    }

    [Fact]
    public void None_and_one_need_no_threads()
    {
        var here = 0;
        _syncs.Run([]);
        _syncs.Run([() => here = Environment.CurrentManagedThreadId]);
        Assert.Equal(Environment.CurrentManagedThreadId, here);
    }

    [Fact]
    public async Task Several_callers_share_the_threads()
    {
        var done = 0;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => _syncs.Run([.. Enumerable.Repeat((Action)(() => Interlocked.Increment(ref done)), 300)]))));
        Assert.Equal(1800, done);
    }
}
