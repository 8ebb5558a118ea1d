using System.Runtime.InteropServices;

namespace Cairn.Memory.Keywords;

/// <summary>The texts of one segment, by word.</summary>
internal sealed class KeywordSegment : ISegment<KeywordDocument>
{
    private readonly Dictionary<string, int> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(int Document, float Weight)>> _words = new(StringComparer.Ordinal);

    public KeywordSegment(IReadOnlyList<KeywordDocument> documents)
    {
        Documents = documents;
        for (var i = 0; i < documents.Count; i++)
        {
            _keys[documents[i].Key] = i;
            TotalLength += documents[i].Length;
            foreach (var (word, weight) in documents[i].Words)
            {
                ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(_words, word, out _);
                (list ??= []).Add((i, weight));
            }
        }
    }

    public IReadOnlyList<KeywordDocument> Documents { get; }

    public double TotalLength { get; }

    public int Find(string key) => _keys.GetValueOrDefault(key, -1);

    public int CountOf(string word) => _words.TryGetValue(word, out var list) ? list.Count : 0;

    public void AddScores(string word, double rarity, double averageLength, double saturation, double lengthShare, double[] scores)
    {
        if (!_words.TryGetValue(word, out var list))
        {
            return;
        }

        foreach (var (document, weight) in list)
        {
            var norm = 1 - lengthShare + (lengthShare * Documents[document].Length / averageLength);
            scores[document] += rarity * (weight * (saturation + 1)) / (weight + (saturation * norm));
        }
    }
}
