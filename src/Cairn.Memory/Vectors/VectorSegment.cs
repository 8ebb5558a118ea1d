using System.Buffers;
using System.Numerics.Tensors;

namespace Cairn.Memory.Vectors;

/// <summary>The vectors of one segment, neighbours side by side.</summary>
internal sealed class VectorSegment : ISegment<VectorDocument>
{
    /// <summary>Fewer vectors than this are all looked at.</summary>
    private const int WorthDividing = 6000;

    /// <summary>So many of the best by eight bits are scored again, per vector wanted.</summary>
    private const int AgainPerWanted = 4;

    /// <summary>Fewer vectors than this are read at once.</summary>
    private const int WorthSketching = 1500;

    /// <summary>So many are read whose sketches are nearest.</summary>
    private const int ReadBySketch = 700;

    private readonly Dictionary<string, int> _keys = new(StringComparer.Ordinal);
    private readonly QuantisedVectors _vectors;
    private readonly Neighbourhoods? _neighbourhoods;
    private readonly Sketches? _sketches;

    public VectorSegment(IReadOnlyList<VectorDocument> documents, int dimensions)
    {
        if (documents.Count >= WorthDividing)
        {
            var divided = Neighbourhoods.Divide([.. documents.Select(document => document.Vector)], dimensions);
            documents = [.. divided.Order.Select(i => documents[i])];
            _neighbourhoods = divided.Neighbourhoods;
        }

        Documents = documents;
        _vectors = new([.. documents.Select(document => document.Vector)], dimensions);
        for (var i = 0; i < documents.Count; i++)
        {
            _keys[documents[i].Key] = i;
        }

        _sketches = _neighbourhoods is null ? null : new([.. documents.Select(document => document.Vector)], dimensions);
        _neighbourhoods?.Calibrate(this);
    }

    public IReadOnlyList<VectorDocument> Documents { get; }

    public int Find(string key) => _keys.GetValueOrDefault(key, -1);

    public IReadOnlyList<(int Document, float Score)> Search(float[] question, int most, Func<int, bool>? accepts, bool exact)
    {
        var best = new Candidates(exact ? most : Math.Max(16, most * AgainPerWanted));
        if (exact)
        {
            for (var i = 0; i < Documents.Count; i++)
            {
                var score = TensorPrimitives.Dot<float>(Documents[i].Vector, question);
                if (score > best.Least && accepts?.Invoke(i) != false)
                {
                    best.Add(i, score);
                }
            }
        }
        else
        {
            Look(question, accepts, best, _neighbourhoods?.Nearest(question, accepts is not null));
            if (accepts is not null && _neighbourhoods is not null && best.Items.Count() < most)
            {
                // What the filter lets through may lie anywhere.
                best = new Candidates(Math.Max(16, most * AgainPerWanted));
                Look(question, accepts, best, null);
            }
        }

        var exactly = best.Items.Select(i => (Document: i, Score: TensorPrimitives.Dot<float>(Documents[i].Vector, question))).ToList();
        exactly.Sort((x, y) => y.Score != x.Score ? y.Score.CompareTo(x.Score) : string.CompareOrdinal(Documents[x.Document].Key, Documents[y.Document].Key));
        return exactly.Count > most ? exactly.GetRange(0, most) : exactly;
    }

    private void Look(float[] question, Func<int, bool>? accepts, Candidates best, List<(int From, int To)>? where)
    {
        var runs = where ?? [(0, Documents.Count)];
        var asked = _vectors.Ask(question);
        var total = runs.Sum(run => run.To - run.From);
        if (_sketches is null || accepts is not null || total < WorthSketching)
        {
            foreach (var (from, to) in runs)
            {
                Score(asked, accepts, best, from, to);
            }

            return;
        }

        // Of many, only those are read whose sketches are nearest.
        var sketch = _sketches.Of(question);
        var apart = ArrayPool<ushort>.Shared.Rent(total);
        Span<int> counts = stackalloc int[_sketches.MostApart + 1];
        counts.Clear();
        var at = 0;
        foreach (var (from, to) in runs)
        {
            var part = apart.AsSpan(at, to - from);
            _sketches.Apart(sketch, from, to, part);
            foreach (var distance in part)
            {
                counts[distance]++;
            }

            at += to - from;
        }

        var (limit, within) = (-1, 0);
        while (limit + 1 < counts.Length && within < ReadBySketch)
        {
            within += counts[++limit];
        }

        at = 0;
        foreach (var (from, to) in runs)
        {
            for (var i = from; i < to; i++, at++)
            {
                if (apart[at] <= limit)
                {
                    Score(asked, null, best, i, i + 1);
                }
            }
        }

        ArrayPool<ushort>.Shared.Return(apart);
    }

    private void Score(QuantisedVectors.Question asked, Func<int, bool>? accepts, Candidates best, int from, int to)
    {
        Span<float> scores = stackalloc float[64];
        for (var start = from; start < to; start += scores.Length)
        {
            var end = Math.Min(start + scores.Length, to);
            _vectors.Score(asked, start, end, scores);
            for (var i = start; i < end; i++)
            {
                if (scores[i - start] > best.Least && accepts?.Invoke(i) != false)
                {
                    best.Add(i, scores[i - start]);
                }
            }
        }
    }
}
