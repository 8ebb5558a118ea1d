namespace Cairn.Abstractions;

/// <summary>Bodies by their hash. A body is stored once, however often it is put.</summary>
public interface IBlobStore
{
    /// <summary>
    /// Stores a body. It is durable no later than the next journal append that is acknowledged after this call, so a
    /// record never refers to a body that a crash can lose.
    /// </summary>
    BlobHash Put(ReadOnlySpan<byte> body);

    /// <summary>Reads a body; null when it is not here.</summary>
    /// <exception cref="InvalidDataException">When the stored bytes no longer have that hash.</exception>
    byte[]? TryGet(BlobHash hash);

    /// <summary>Reads a body that must be here.</summary>
    /// <exception cref="InvalidDataException">When it is missing or damaged; the text names the hash.</exception>
    byte[] Get(BlobHash hash) =>
        TryGet(hash) ?? throw new InvalidDataException($"The body {hash} is missing from the state directory; `cairn journal verify` lists what refers to it.");
}
