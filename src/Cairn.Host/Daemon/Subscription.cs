using System.Threading.Channels;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>
/// Somebody who watches. Records are not queued for him: he is woken and reads them from the journal at his own pace, so
/// a slow reader costs no memory and misses nothing. Only pieces are kept, a bounded number; older ones are dropped and counted.
/// </summary>
internal sealed class Subscription : IDisposable
{
    /// <summary>The most pieces that wait for one reader.</summary>
    public const int MaxPieces = 512;

    private readonly EventFeed _feed;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<LivePiece> _pieces;
    private int _dropped;

    public Subscription(EventFeed feed, RunId? run, bool live)
    {
        (_feed, Run, IsLive) = (feed, run, live);
        _pieces = Channel.CreateBounded<LivePiece>(
            new BoundedChannelOptions(MaxPieces) { FullMode = BoundedChannelFullMode.DropOldest }, _ => Interlocked.Increment(ref _dropped));
    }

    /// <summary>The run that is watched; null for all.</summary>
    public RunId? Run { get; }

    public bool IsLive { get; }

    public void Wake() => _wake.Writer.TryWrite(true);

    public void Offer(LivePiece piece)
    {
        _pieces.Writer.TryWrite(piece);
        Wake();
    }

    public bool TryTake(out LivePiece piece) => _pieces.Reader.TryRead(out piece!);

    /// <summary>How many pieces were dropped since it was last asked.</summary>
    public int TakeDropped() => Interlocked.Exchange(ref _dropped, 0);

    /// <summary>Waits until something may have happened.</summary>
    /// <returns>False when nothing did for that long.</returns>
    public async Task<bool> WaitAsync(TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _wake.Reader.ReadAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public void Dispose() => _feed.Remove(this);
}
