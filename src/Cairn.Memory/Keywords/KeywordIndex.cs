namespace Cairn.Memory.Keywords;

/// <summary>A text to be found by its words.</summary>
/// <param name="Key">Its name; unique within the index.</param>
/// <param name="Fields">Its parts, each with the weight of a word in it.</param>
public sealed record KeywordText(string Key, IReadOnlyList<(string Text, float Weight)> Fields);

/// <summary>A text that was found.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Score">The BM25 score: only good for comparison within one answer.</param>
/// <param name="Words">The words that it has in common with the question, those that count most first.</param>
public sealed record KeywordHit(string Key, double Score, IReadOnlyList<string> Words);

/// <summary>One version of a keyword index (Okapi BM25 over <see cref="CodeWords"/>). It never changes.</summary>
public sealed class KeywordIndex
{
    private const double Saturation = 1.2;
    private const double LengthShare = 0.75;
    private const int MostWords = 256;

    private readonly SegmentList<KeywordDocument, KeywordSegment> _segments;

    private KeywordIndex(SegmentList<KeywordDocument, KeywordSegment> segments) => _segments = segments;

    /// <summary>An index without texts.</summary>
    public static KeywordIndex Empty { get; } = new(new(documents => new KeywordSegment(documents)));

    /// <summary>How many texts there are.</summary>
    public int Count => _segments.Count;

    /// <summary>The next version; a text whose key is there already takes the other's place.</summary>
    public KeywordIndex With(IEnumerable<string> removed, IEnumerable<KeywordText> added)
    {
        ArgumentNullException.ThrowIfNull(removed);
        List<KeywordDocument> documents = [.. added.Select(KeywordDocument.Of)];
        return new(_segments.With([.. removed, .. documents.Select(document => document.Key)], documents));
    }

    /// <summary>The texts that suit a question best, at most so many.</summary>
    /// <param name="question">Words, names or a sentence.</param>
    /// <param name="most">At least 1.</param>
    /// <param name="filter">Which texts count; null for all.</param>
    public IReadOnlyList<KeywordHit> Search(string question, int most, Func<string, bool>? filter)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        var words = CodeWords.Of(question).Distinct(StringComparer.Ordinal).Take(MostWords).ToList();
        var total = _segments.Parts.Sum(part => part.Live);
        if (words.Count == 0 || total == 0)
        {
            return [];
        }

        var weights = words.Select(word => Rarity(_segments.Parts.Sum(part => part.Segment.CountOf(word)), total)).ToArray();
        var average = Math.Max(1, _segments.Parts.Sum(part => part.Segment.TotalLength) / Math.Max(1, _segments.Parts.Sum(part => part.Segment.Documents.Count)));
        var best = new PriorityQueue<(SegmentList<KeywordDocument, KeywordSegment>.Part Part, int Document, double Score), double>();
        foreach (var part in _segments.Parts)
        {
            var scores = new double[part.Segment.Documents.Count];
            for (var i = 0; i < words.Count; i++)
            {
                part.Segment.AddScores(words[i], weights[i], average, Saturation, LengthShare, scores);
            }

            for (var document = 0; document < scores.Length; document++)
            {
                if (scores[document] > 0 && part.IsLive(document)
                    && (best.Count < most || scores[document] > best.Peek().Score)
                    && filter?.Invoke(part.Segment.Documents[document].Key) != false)
                {
                    best.Enqueue((part, document, scores[document]), scores[document]);
                    if (best.Count > most)
                    {
                        best.Dequeue();
                    }
                }
            }
        }

        return
        [
            .. best.UnorderedItems.Select(item => item.Element)
                .OrderByDescending(each => each.Score).ThenBy(each => each.Part.Segment.Documents[each.Document].Key, StringComparer.Ordinal)
                .Select(each => Hit(each.Part.Segment.Documents[each.Document], each.Score, words, weights)),
        ];
    }

    private static double Rarity(int texts, int total) => Math.Log(1 + ((total - Math.Min(texts, total) + 0.5) / (texts + 0.5)));

    private static KeywordHit Hit(KeywordDocument document, double score, List<string> words, double[] weights)
    {
        var own = document.Words.Select(word => word.Word).ToHashSet(StringComparer.Ordinal);
        return new(document.Key, score, [.. words.Select((word, i) => (word, weights[i])).Where(each => own.Contains(each.word)).OrderByDescending(each => each.Item2).Select(each => each.word)]);
    }
}

/// <summary>A text as the index keeps it: its words with their weights.</summary>
internal sealed record KeywordDocument(string Key, (string Word, float Weight)[] Words, float Length)
{
    public static KeywordDocument Of(KeywordText text)
    {
        var weights = new Dictionary<string, float>(StringComparer.Ordinal);
        var length = 0f;
        foreach (var (field, weight) in text.Fields)
        {
            foreach (var word in CodeWords.Of(field))
            {
                weights[word] = weights.GetValueOrDefault(word) + weight;
                length++;
            }
        }

        return new(text.Key, [.. weights.Select(pair => (pair.Key, pair.Value))], length);
    }
}
