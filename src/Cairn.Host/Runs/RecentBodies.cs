using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>
/// Remembers the bodies that were put last: arguments and results are read once more right after they were written, and
/// the log would be asked for each of them. One for all runs of a host, so its size does not grow with them. They lie in
/// one array, because many small ones that live a little are what a garbage collector copies in vain.
/// </summary>
internal sealed class RecentBodies(IBlobStore store) : IBlobStore
{
    private const int RingBytes = 2 * 1024 * 1024;
    private const int MaxBodyBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<BlobHash, (int Start, int Length)> _places = [];
    private readonly Queue<(BlobHash Hash, int Start, int Length)> _order = [];
    private byte[] _ring = [];
    private int _next;

    public BlobHash Put(ReadOnlySpan<byte> body)
    {
        var hash = store.Put(body);
        if (body.Length <= MaxBodyBytes)
        {
            Remember(hash, body);
        }

        return hash;
    }

    public byte[]? TryGet(BlobHash hash)
    {
        lock (_gate)
        {
            if (_places.TryGetValue(hash, out var at))
            {
                return _ring.AsSpan(at.Start, at.Length).ToArray();
            }
        }

        return store.TryGet(hash);
    }

    private void Remember(BlobHash hash, ReadOnlySpan<byte> body)
    {
        lock (_gate)
        {
            if (_places.ContainsKey(hash))
            {
                return;
            }

            // Who only looks never puts, and needs no ring.
            _ring = _ring.Length == 0 ? new byte[RingBytes] : _ring;
            if (_next + body.Length > RingBytes)
            {
                Forget(_next, RingBytes);
                _next = 0;
            }

            Forget(_next, _next + body.Length);
            body.CopyTo(_ring.AsSpan(_next));
            _places.Add(hash, (_next, body.Length));
            _order.Enqueue((hash, _next, body.Length));
            _next += body.Length;
        }
    }

    /// <summary>Forgets what lies there. The oldest always lies next, so nothing else is in the way.</summary>
    private void Forget(int from, int to)
    {
        while (_order.TryPeek(out var oldest) && oldest.Start < to && oldest.Start >= from)
        {
            _order.Dequeue();
            _places.Remove(oldest.Hash);
        }
    }
}
