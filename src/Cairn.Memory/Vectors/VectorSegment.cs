using System.Numerics.Tensors;

namespace Cairn.Memory.Vectors;

/// <summary>The vectors of one segment, neighbours side by side.</summary>
internal sealed class VectorSegment : ISegment<VectorDocument>
{
    /// <summary>Fewer vectors than this are all looked at.</summary>
    private const int WorthDividing = 6000;

    /// <summary>So many of the best by eight bits are scored again, per vector wanted.</summary>
    private const int AgainPerWanted = 4;

    private readonly Dictionary<string, int> _keys = new(StringComparer.Ordinal);
    private readonly QuantisedVectors _vectors;
    private readonly Neighbourhoods? _neighbourhoods;

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
        var asked = _vectors.Ask(question);
        Span<float> scores = stackalloc float[256];
        foreach (var (from, to) in where ?? [(0, Documents.Count)])
        {
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
}
