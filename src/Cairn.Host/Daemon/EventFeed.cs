using System.Collections.Concurrent;
using Cairn.Abstractions;
using Cairn.Sdk;

namespace Cairn.Host;

/// <summary>Wakes those who watch runs, and passes on to them what is in no journal.</summary>
internal sealed class EventFeed : IRunObserver
{
    private readonly ConcurrentDictionary<Subscription, byte> _subscriptions = new();

    /// <summary>Told of records, for those who wait for a certain one.</summary>
    public Action<JournalRecord>? OnRecord { get; set; }

    public int Watchers => _subscriptions.Count;

    public Subscription Subscribe(RunId? run, bool live)
    {
        var subscription = new Subscription(this, run, live);
        _subscriptions[subscription] = 0;
        return subscription;
    }

    public void Remove(Subscription subscription) => _subscriptions.TryRemove(subscription, out _);

    /// <summary>Something about the run changed.</summary>
    public void Wake(RunId run)
    {
        foreach (var (subscription, _) in _subscriptions)
        {
            if (subscription.Run is null || subscription.Run == run)
            {
                subscription.Wake();
            }
        }
    }

    public void Recorded(JournalRecord record) => OnRecord?.Invoke(record);

    public void ModelDelta(RunId run, ModelDelta delta) => Offer(new(run, "delta", delta.Text, delta.ToolName));

    public void Output(RunId run, string text) => Offer(new(run, "output", text, null));

    private void Offer(LivePiece piece)
    {
        foreach (var (subscription, _) in _subscriptions)
        {
            if (subscription.IsLive && (subscription.Run is null || subscription.Run == piece.Run))
            {
                subscription.Offer(piece);
            }
        }
    }
}
