using System.Numerics.Tensors;

namespace Cairn.Memory.Vectors;

/// <summary>
/// Vectors divided by nearness to centres (k-means, from a fixed beginning: the same vectors are always divided alike). A
/// question looks at the neighbourhoods whose centres are nearest; how many, is measured when the index is made.
/// </summary>
internal sealed class Neighbourhoods
{
    /// <summary>Of the ten nearest, so many must be found on the average of the questions tried.</summary>
    private const double Wanted = 0.998;

    private const int Rounds = 8;
    private const int SamplePerCentre = 48;
    private const int Trials = 150;
    private const int Nearby = 10;

    private readonly float[][] _centres;
    private readonly int[] _starts;
    private int _looked;

    private Neighbourhoods(float[][] centres, int[] starts)
    {
        _centres = centres;
        _starts = starts;
        _looked = centres.Length;
    }

    /// <summary>How many neighbourhoods a question looks at.</summary>
    public int Looked => _looked;

    public static (Neighbourhoods Neighbourhoods, int[] Order) Divide(IReadOnlyList<float[]> vectors, int dimensions)
    {
        var count = (int)Math.Sqrt(vectors.Count);
        var random = new Random(vectors.Count);
        var sample = Enumerable.Range(0, Math.Min(vectors.Count, count * SamplePerCentre)).Select(_ => vectors[random.Next(vectors.Count)]).ToList();
        var centres = Enumerable.Range(0, count).Select(i => sample[i].ToArray()).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            Move(centres, sample, dimensions, random);
        }

        var nearest = vectors.Select(vector => Nearest(centres, vector)).ToArray();
        var order = Enumerable.Range(0, vectors.Count).OrderBy(i => nearest[i]).ToArray();
        var starts = new int[count + 1];
        foreach (var each in nearest)
        {
            starts[each + 1]++;
        }

        for (var i = 0; i < count; i++)
        {
            starts[i + 1] += starts[i];
        }

        return (new(centres, starts), order);
    }

    /// <summary>Finds how many neighbourhoods must be looked at, by questions whose answers are known.</summary>
    public void Calibrate(VectorSegment segment)
    {
        var random = new Random(segment.Documents.Count);
        var needed = new List<int>();
        for (var trial = 0; trial < Trials; trial++)
        {
            // A question lies near the texts without being one of them.
            var (one, other) = (segment.Documents[random.Next(segment.Documents.Count)].Vector, segment.Documents[random.Next(segment.Documents.Count)].Vector);
            var question = one.Zip(other, (x, y) => (0.7f * x) + (0.3f * y)).ToArray();
            var ranks = Ranks(question);
            needed.AddRange(segment.Search(question, Nearby, null, exact: true).Select(hit => ranks[Neighbourhood(hit.Document)]));
        }

        needed.Sort();
        _looked = needed.Count == 0 ? _centres.Length : Math.Min(_centres.Length, needed[Math.Min(needed.Count - 1, (int)(needed.Count * Wanted))] + 1);
    }

    /// <summary>The runs of vectors to look at. With a filter more are, since what it lets through may lie further away.</summary>
    public List<(int From, int To)> Nearest(float[] question, bool isFiltered)
    {
        var looked = isFiltered ? Math.Min(_centres.Length, _looked * 3) : _looked;
        var best = new Candidates(looked);
        for (var i = 0; i < _centres.Length; i++)
        {
            var score = TensorPrimitives.Dot<float>(_centres[i], question);
            if (score > best.Least)
            {
                best.Add(i, score);
            }
        }

        return [.. best.Items.Order().Select(i => (_starts[i], _starts[i + 1]))];
    }

    private int Neighbourhood(int document)
    {
        var at = Array.BinarySearch(_starts, document);
        at = at < 0 ? ~at - 1 : at;

        // Empty neighbourhoods begin where the next one does.
        while (at + 1 < _starts.Length && _starts[at + 1] <= document)
        {
            at++;
        }

        return at;
    }

    private int[] Ranks(float[] question)
    {
        var ranks = new int[_centres.Length];
        var place = 0;
        foreach (var i in Enumerable.Range(0, _centres.Length).OrderByDescending(i => TensorPrimitives.Dot<float>(_centres[i], question)))
        {
            ranks[i] = place++;
        }

        return ranks;
    }

    private static int Nearest(float[][] centres, float[] vector)
    {
        var (best, score) = (0, float.NegativeInfinity);
        for (var i = 0; i < centres.Length; i++)
        {
            if (TensorPrimitives.Dot<float>(centres[i], vector) is var dot && dot > score)
            {
                (best, score) = (i, dot);
            }
        }

        return best;
    }

    private static void Move(float[][] centres, List<float[]> sample, int dimensions, Random random)
    {
        var sums = centres.Select(_ => new float[dimensions]).ToArray();
        foreach (var vector in sample)
        {
            var sum = sums[Nearest(centres, vector)];
            TensorPrimitives.Add(sum, vector, sum);
        }

        for (var i = 0; i < centres.Length; i++)
        {
            var length = TensorPrimitives.Norm<float>(sums[i]);
            if (length > 0)
            {
                TensorPrimitives.Divide(sums[i], length, centres[i]);
            }
            else
            {
                sample[random.Next(sample.Count)].CopyTo(centres[i], 0);
            }
        }
    }
}
