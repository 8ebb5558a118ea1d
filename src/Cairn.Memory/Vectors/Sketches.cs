using System.Numerics;

namespace Cairn.Memory.Vectors;

/// <summary>
/// Vectors as the signs of their numbers, one bit each, after a rotation that spreads what is in few numbers over all of
/// them. The bits in which two sketches differ tell the angle roughly: enough to leave most vectors unread.
/// </summary>
internal sealed class Sketches
{
    private readonly int _size;
    private readonly int _words;
    private readonly ulong[] _bits;

    public Sketches(IReadOnlyList<float[]> vectors, int dimensions)
    {
        _size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(64, dimensions));
        _words = _size / 64;
        _bits = new ulong[vectors.Count * _words];
        for (var i = 0; i < vectors.Count; i++)
        {
            Of(vectors[i]).CopyTo(_bits, i * _words);
        }
    }

    /// <summary>The most bits in which two sketches can differ.</summary>
    public int MostApart => _size;

    /// <summary>The sketch of a vector.</summary>
    public ulong[] Of(float[] vector)
    {
        Span<float> rotated = stackalloc float[_size];
        rotated.Clear();
        vector.CopyTo(rotated);
        Rotate(rotated);
        var bits = new ulong[_words];
        for (var i = 0; i < _size; i++)
        {
            bits[i >> 6] |= rotated[i] > 0 ? 1UL << i : 0;
        }

        return bits;
    }

    /// <summary>In how many bits a run of vectors differs from a sketch.</summary>
    public void Apart(ulong[] sketch, int from, int to, Span<ushort> apart)
    {
        if (_words == 4)
        {
            var (a, b, c, d) = (sketch[0], sketch[1], sketch[2], sketch[3]);
            var bits = _bits.AsSpan(from * 4, (to - from) * 4);
            for (var i = 0; i < apart.Length && (i * 4) + 3 < bits.Length; i++)
            {
                apart[i] = (ushort)(BitOperations.PopCount(bits[i * 4] ^ a) + BitOperations.PopCount(bits[(i * 4) + 1] ^ b)
                    + BitOperations.PopCount(bits[(i * 4) + 2] ^ c) + BitOperations.PopCount(bits[(i * 4) + 3] ^ d));
            }

            return;
        }

        for (var i = from; i < to; i++)
        {
            var sum = 0;
            for (var word = 0; word < _words; word++)
            {
                sum += BitOperations.PopCount(_bits[(i * _words) + word] ^ sketch[word]);
            }

            apart[i - from] = (ushort)sum;
        }
    }

    // Signs by a fixed pattern and a Walsh-Hadamard transform, twice: as good as a random rotation, in n log n steps.
    private static void Rotate(Span<float> numbers)
    {
        var state = 0x9E3779B97F4A7C15UL;
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < numbers.Length; i++)
            {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                numbers[i] = (state & 1) == 0 ? numbers[i] : -numbers[i];
            }

            for (var half = 1; half < numbers.Length; half *= 2)
            {
                for (var start = 0; start < numbers.Length; start += 2 * half)
                {
                    for (var i = start; i < start + half; i++)
                    {
                        (numbers[i], numbers[i + half]) = (numbers[i] + numbers[i + half], numbers[i] - numbers[i + half]);
                    }
                }
            }
        }
    }
}
