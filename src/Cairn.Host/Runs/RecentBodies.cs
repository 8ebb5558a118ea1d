using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>
/// Remembers the bodies that were put last: arguments and results are read once more right after they were written, and
/// the log would be asked for each of them. One for all runs of a host, so its size does not grow with them.
/// </summary>
internal sealed class RecentBodies(IBlobStore store) : IBlobStore
{
    private const int MaxBytes = 4 * 1024 * 1024;
    private const int MaxBodyBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<BlobHash, byte[]> _bodies = [];
    private readonly Queue<BlobHash> _order = [];
    private int _bytes;

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
            if (_bodies.TryGetValue(hash, out var body))
            {
                return [.. body];
            }
        }

        return store.TryGet(hash);
    }

    private void Remember(BlobHash hash, ReadOnlySpan<byte> body)
    {
        lock (_gate)
        {
            if (_bodies.ContainsKey(hash))
            {
                return;
            }

            _bodies.Add(hash, body.ToArray());
            _order.Enqueue(hash);
            _bytes += body.Length;
            while (_bytes > MaxBytes)
            {
                _bodies.Remove(_order.Dequeue(), out var oldest);
                _bytes -= oldest!.Length;
            }
        }
    }
}
