using System.Collections;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Cairn.Abstractions;

namespace Cairn.Kernel;

/// <summary>
/// An immutable list that knows the hash of its whole content: adding costs the new item only, so a state hash stays
/// cheap however long a run gets.
/// </summary>
/// <typeparam name="T">The items.</typeparam>
public sealed class HashedList<T> : IReadOnlyList<T>
{
    private readonly ImmutableList<T> _items;

    private HashedList(ImmutableList<T> items, BlobHash digest) => (_items, Digest) = (items, digest);

    /// <summary>The list without items.</summary>
    public static HashedList<T> Empty { get; } = new([], default);

    /// <summary>SHA-256 over the digest before the last item and the last item's canonical JSON; none when empty.</summary>
    public BlobHash Digest { get; }

    /// <inheritdoc/>
    public int Count => _items.Count;

    /// <inheritdoc/>
    public T this[int index] => _items[index];

    /// <summary>The list with one more item.</summary>
    public HashedList<T> Add(T item, JsonTypeInfo<T> type)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(item, type);
        var bytes = new byte[BlobHash.Size + json.Length];
        Digest.CopyTo(bytes);
        json.CopyTo(bytes.AsSpan(BlobHash.Size));
        return new(_items.Add(item), BlobHash.FromBytes(SHA256.HashData(bytes)));
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => _items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
