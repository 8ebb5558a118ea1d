using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Cairn.Memory.Vectors;

/// <summary>
/// Vectors in eight bits per number, one behind the other: a quarter of the memory to read, and the dot product in a few
/// instructions. Each vector has its own scale, so that short and long ones keep their precision.
/// </summary>
internal sealed class QuantisedVectors
{
    private readonly int _stride;
    private readonly sbyte[] _numbers;
    private readonly float[] _scales;
    private readonly int[] _sums;

    public QuantisedVectors(IReadOnlyList<float[]> vectors, int dimensions)
    {
        // Whole registers: what is beyond the dimensions is zero.
        _stride = (dimensions + 31) & ~31;
        _numbers = new sbyte[(long)vectors.Count * _stride];
        _scales = new float[vectors.Count];
        _sums = new int[vectors.Count];
        for (var i = 0; i < vectors.Count; i++)
        {
            _scales[i] = Quantise(vectors[i], _numbers.AsSpan(i * _stride, _stride));
            _sums[i] = Sum(_numbers.AsSpan(i * _stride, _stride));
        }
    }

    public int Count => _scales.Length;

    /// <summary>A question in the form that <see cref="Score"/> takes.</summary>
    public Question Ask(float[] vector)
    {
        var numbers = new sbyte[_stride];
        var scale = Quantise(vector, numbers);
        var shifted = new byte[_stride];
        for (var i = 0; i < shifted.Length; i++)
        {
            shifted[i] = (byte)(numbers[i] + 128);
        }

        return new(numbers, shifted, scale);
    }

    /// <summary>About the dot product of the question and a run of vectors.</summary>
    public void Score(Question question, int from, int to, Span<float> scores)
    {
        for (var i = from; i < to; i++)
        {
            var numbers = _numbers.AsSpan(i * _stride, _stride);
            var dot = AvxVnni.IsSupported ? DotVnni(question.Shifted, numbers) - (128 * _sums[i]) : Dot(question.Numbers, numbers);
            scores[i - from] = dot * _scales[i] * question.Scale;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int DotVnni(ReadOnlySpan<byte> x, ReadOnlySpan<sbyte> y)
    {
        ref var a = ref MemoryMarshal.GetReference(x);
        ref var b = ref MemoryMarshal.GetReference(y);
        var (one, two) = (Vector256<int>.Zero, Vector256<int>.Zero);
        var i = 0;
        for (; i + 64 <= y.Length; i += 64)
        {
            one = AvxVnni.MultiplyWideningAndAdd(one, Vector256.LoadUnsafe(ref a, (nuint)i), Vector256.LoadUnsafe(ref b, (nuint)i));
            two = AvxVnni.MultiplyWideningAndAdd(two, Vector256.LoadUnsafe(ref a, (nuint)(i + 32)), Vector256.LoadUnsafe(ref b, (nuint)(i + 32)));
        }

        for (; i < y.Length; i += 32)
        {
            one = AvxVnni.MultiplyWideningAndAdd(one, Vector256.LoadUnsafe(ref a, (nuint)i), Vector256.LoadUnsafe(ref b, (nuint)i));
        }

        return Vector256.Sum(one + two);
    }

    private static int Dot(ReadOnlySpan<sbyte> x, ReadOnlySpan<sbyte> y)
    {
        var sum = Vector256<int>.Zero;
        for (var i = 0; i < y.Length; i += 32)
        {
            var (aLow, aHigh) = Vector256.Widen(Vector256.Create(x.Slice(i, 32)));
            var (bLow, bHigh) = Vector256.Widen(Vector256.Create(y.Slice(i, 32)));
            var (one, two) = Vector256.Widen(aLow * bLow);
            var (three, four) = Vector256.Widen(aHigh * bHigh);
            sum += one + two + three + four;
        }

        return Vector256.Sum(sum);
    }

    private static float Quantise(ReadOnlySpan<float> vector, Span<sbyte> into)
    {
        var largest = MathF.Abs(TensorPrimitives.MaxMagnitude(vector));
        if (largest == 0)
        {
            return 0;
        }

        for (var i = 0; i < vector.Length; i++)
        {
            into[i] = (sbyte)MathF.Round(vector[i] / largest * 127);
        }

        return largest / 127;
    }

    private static int Sum(ReadOnlySpan<sbyte> numbers)
    {
        var sum = 0;
        foreach (var number in numbers)
        {
            sum += number;
        }

        return sum;
    }

    /// <summary>A question's numbers, also shifted to be positive, and their scale.</summary>
    internal sealed record Question(sbyte[] Numbers, byte[] Shifted, float Scale);
}
