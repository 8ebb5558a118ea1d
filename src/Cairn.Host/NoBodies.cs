using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>Keeps no bodies: for looking at sandboxes without a run.</summary>
internal sealed class NoBodies : IBlobStore
{
    public static NoBodies Instance { get; } = new();

    public BlobHash Put(ReadOnlySpan<byte> body) => BlobHash.Of(body);

    public byte[]? TryGet(BlobHash hash) => null;
}
