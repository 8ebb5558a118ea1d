using Cairn.Abstractions;

namespace Cairn.Host.Simulation;

/// <summary>A blob store that writes bodies when it pleases, which may be after the records that name them.</summary>
internal sealed class LyingBlobs(IBlobStore blobs) : IBlobStore
{
    private const int MaxHeld = 4;

    private readonly Queue<byte[]> _held = new();

    public BlobHash Put(ReadOnlySpan<byte> body)
    {
        _held.Enqueue(body.ToArray());
        if (_held.Count > MaxHeld)
        {
            blobs.Put(_held.Dequeue());
        }

        return BlobHash.Of(body);
    }

    public byte[]? TryGet(BlobHash hash) => _held.FirstOrDefault(body => BlobHash.Of(body) == hash) ?? blobs.TryGet(hash);
}
