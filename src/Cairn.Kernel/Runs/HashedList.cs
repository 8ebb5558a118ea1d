using System.Collections;
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
    private readonly Shared _items;

    private HashedList(Shared items, int count, BlobHash digest) => (_items, Count, Digest) = (items, count, digest);

    /// <summary>The list without items.</summary>
    public static HashedList<T> Empty { get; } = new(new Shared([], 0), 0, default);

    /// <summary>SHA-256 over the digest before the last item and the last item's canonical JSON; none when empty.</summary>
    public BlobHash Digest { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public T this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return _items.Array[index];
        }
    }

    /// <summary>The list with one more item.</summary>
    public HashedList<T> Add(T item, JsonTypeInfo<T> type)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(item, type);
        var bytes = new byte[BlobHash.Size + json.Length];
        Digest.CopyTo(bytes);
        json.CopyTo(bytes.AsSpan(BlobHash.Size));
        return new(_items.Append(Count, item), Count + 1, BlobHash.FromBytes(SHA256.HashData(bytes)));
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return _items.Array[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>
    /// What all lists of one past have in common. A run keeps every state that it has a checkpoint of: with a tree per list
    /// each step would keep the path to its newest leaf, here it keeps the item alone.
    /// </summary>
    private sealed class Shared(T[] array, int count)
    {
        private const int Least = 4;

        private T[] _array = array;
        private int _count = count;

        public T[] Array => Volatile.Read(ref _array);

        /// <summary>Puts an item behind the first so many. The first to do so gets the place, any other one a copy.</summary>
        public Shared Append(int at, T item)
        {
            if (Interlocked.CompareExchange(ref _count, at + 1, at) != at)
            {
                var copy = new T[at + Least];
                System.Array.Copy(Array, copy, at);
                copy[at] = item;
                return new(copy, at + 1);
            }

            if (at < _array.Length)
            {
                _array[at] = item;
                return this;
            }

            var larger = new T[Math.Max(Least, at * 2)];
            System.Array.Copy(_array, larger, at);
            larger[at] = item;
            Volatile.Write(ref _array, larger);
            return this;
        }
    }
}
