using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>Where there is no body store, nothing can be stored.</summary>
internal sealed class NoBodies : IBlobStore
{
    public static NoBodies Instance { get; } = new();

    public BlobHash Put(ReadOnlySpan<byte> body) => throw new IOException("There is no body store here.");

    public byte[]? TryGet(BlobHash hash) => null;
}
