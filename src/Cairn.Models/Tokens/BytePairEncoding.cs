using System.Buffers;
using System.Text;
using Cairn.Abstractions;

namespace Cairn.Models;

/// <summary>
/// Byte-pair encoding: a text is split into pieces, and in each piece the two neighbours with the lowest rank become one, again
/// and again. Counts exactly what the encoding's own library counts. Bytes are kept as characters of the same value, so that
/// slices can be looked up without being copied.
/// </summary>
internal sealed class BytePairEncoding(string name, Dictionary<string, int> ranks) : ITokenCounter
{
    /// <summary>Longer pieces are merged with a queue: without one, a piece of n bytes takes n² steps.</summary>
    private const int Short = 96;

    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ranks = ranks.GetAlternateLookup<ReadOnlySpan<char>>();
    private readonly PieceSplitter _splitter = PieceSplitter.Of(name);

    public string Encoding => name;

    public int Count(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var count = 0;
        foreach (var (start, length) in _splitter.Pieces(text))
        {
            count += CountPiece(text.AsSpan(start, length));
        }

        return count;
    }

    private int CountPiece(ReadOnlySpan<char> piece)
    {
        var most = System.Text.Encoding.UTF8.GetMaxByteCount(piece.Length);
        var bytes = ArrayPool<byte>.Shared.Rent(most);
        var chars = ArrayPool<char>.Shared.Rent(most);
        try
        {
            var length = System.Text.Encoding.UTF8.GetBytes(piece, bytes);
            for (var i = 0; i < length; i++)
            {
                chars[i] = (char)bytes[i];
            }

            var text = chars.AsSpan(0, length);
            return length <= 1 || _ranks.ContainsKey(text) ? Math.Min(length, 1) : length <= Short ? MergeShort(text) : MergeLong(text);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
            ArrayPool<char>.Shared.Return(chars);
        }
    }

    private int MergeShort(ReadOnlySpan<char> text)
    {
        // Where the parts begin, and behind them the end.
        Span<int> starts = stackalloc int[text.Length + 1];
        for (var i = 0; i < starts.Length; i++)
        {
            starts[i] = i;
        }

        var parts = text.Length;
        while (parts > 1)
        {
            var (best, at) = (int.MaxValue, -1);
            for (var i = 0; i < parts - 1; i++)
            {
                if (_ranks.TryGetValue(text[starts[i]..starts[i + 2]], out var rank) && rank < best)
                {
                    (best, at) = (rank, i);
                }
            }

            if (at < 0)
            {
                break;
            }

            starts[(at + 2)..(parts + 1)].CopyTo(starts[(at + 1)..]);
            parts--;
        }

        return parts;
    }

    private int MergeLong(ReadOnlySpan<char> text)
    {
        var length = text.Length;
        var next = new int[length + 1];
        var previous = new int[length + 1];
        var queue = new PriorityQueue<(int Start, int Middle, int End), (int Rank, int Start)>(length);
        for (var i = 0; i <= length; i++)
        {
            (next[i], previous[i]) = (i + 1, i - 1);
        }

        for (var i = 0; i + 1 < length; i++)
        {
            Offer(text, i, i + 1, i + 2, queue);
        }

        var parts = length;
        while (queue.TryDequeue(out var pair, out _))
        {
            // A pair counts only while both of its parts are as they were.
            if (next[pair.Start] != pair.Middle || (pair.Middle < length && next[pair.Middle] != pair.End))
            {
                continue;
            }

            parts--;
            next[pair.Start] = pair.End;
            next[pair.Middle] = -1;
            if (pair.End <= length)
            {
                previous[pair.End] = pair.Start;
            }

            if (pair.Start > 0)
            {
                Offer(text, previous[pair.Start], pair.Start, pair.End, queue);
            }

            if (pair.End < length)
            {
                Offer(text, pair.Start, pair.End, next[pair.End], queue);
            }
        }

        return parts;
    }

    private void Offer(ReadOnlySpan<char> text, int start, int middle, int end, PriorityQueue<(int, int, int), (int, int)> queue)
    {
        if (_ranks.TryGetValue(text[start..end], out var rank))
        {
            queue.Enqueue((start, middle, end), (rank, start));
        }
    }
}
