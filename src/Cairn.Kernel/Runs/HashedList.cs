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
    /// <summary>
    /// Items of a piece. A run keeps every state that it has a checkpoint of, and with a tree of single items each of them would
    /// keep its own path to the newest leaf; with pieces it keeps a copy of half a piece.
    /// </summary>
    private const int Piece = 16;

    private readonly ImmutableList<ImmutableArray<T>> _pieces;
    private readonly ImmutableArray<T> _last;

    private HashedList(ImmutableList<ImmutableArray<T>> pieces, ImmutableArray<T> last, BlobHash digest) =>
        (_pieces, _last, Digest) = (pieces, last, digest);

    /// <summary>The list without items.</summary>
    public static HashedList<T> Empty { get; } = new([], [], default);

    /// <summary>SHA-256 over the digest before the last item and the last item's canonical JSON; none when empty.</summary>
    public BlobHash Digest { get; }

    /// <inheritdoc/>
    public int Count => (_pieces.Count * Piece) + _last.Length;

    /// <inheritdoc/>
    public T this[int index] => index / Piece < _pieces.Count ? _pieces[index / Piece][index % Piece] : _last[index - (_pieces.Count * Piece)];

    /// <summary>The list with one more item.</summary>
    public HashedList<T> Add(T item, JsonTypeInfo<T> type)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(item, type);
        var bytes = new byte[BlobHash.Size + json.Length];
        Digest.CopyTo(bytes);
        json.CopyTo(bytes.AsSpan(BlobHash.Size));
        var digest = BlobHash.FromBytes(SHA256.HashData(bytes));
        return _last.Length < Piece ? new(_pieces, _last.Add(item), digest) : new(_pieces.Add(_last), [item], digest);
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator()
    {
        foreach (var piece in _pieces)
        {
            foreach (var item in piece)
            {
                yield return item;
            }
        }

        foreach (var item in _last)
        {
            yield return item;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
