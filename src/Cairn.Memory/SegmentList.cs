using System.Collections.Immutable;

namespace Cairn.Memory;

/// <summary>A run of documents that was indexed together and never changes.</summary>
internal interface ISegment<out TDocument>
{
    /// <summary>Its documents.</summary>
    IReadOnlyList<TDocument> Documents { get; }

    /// <summary>The place of a document; -1 when it is elsewhere.</summary>
    int Find(string key);
}

/// <summary>
/// One version of an index that is made of segments. A change adds a small segment and marks what it replaces as gone, so
/// versions share all the rest; small segments are joined, so that their number grows with the logarithm of the documents.
/// </summary>
internal sealed class SegmentList<TDocument, TSegment>
    where TSegment : class, ISegment<TDocument>
{
    private readonly Func<IReadOnlyList<TDocument>, TSegment> _build;

    private SegmentList(Func<IReadOnlyList<TDocument>, TSegment> build, ImmutableArray<Part> parts)
    {
        _build = build;
        Parts = parts;
    }

    public SegmentList(Func<IReadOnlyList<TDocument>, TSegment> build)
        : this(build, [])
    {
    }

    public ImmutableArray<Part> Parts { get; }

    public int Count => Parts.Sum(part => part.Live);

    /// <summary>The next version: without some documents, and with others.</summary>
    public SegmentList<TDocument, TSegment> With(IEnumerable<string> removed, IReadOnlyList<TDocument> added)
    {
        var parts = Parts.ToBuilder();
        foreach (var group in removed.Distinct(StringComparer.Ordinal).Select(key => (Part: parts.FindIndex(part => part.Has(key)), Key: key)).Where(each => each.Part >= 0).GroupBy(each => each.Part).ToList())
        {
            parts[group.Key] = parts[group.Key].Without(group.Select(each => each.Key));
        }

        parts.RemoveAll(part => part.Live == 0);
        if (added.Count > 0)
        {
            parts.Add(new(_build(added), null, added.Count));
        }

        Join(parts);
        return new(_build, parts.ToImmutable());
    }

    private void Join(ImmutableArray<Part>.Builder parts)
    {
        while (parts.Count > 1 && parts[^2].Live < parts[^1].Live * 4)
        {
            List<TDocument> documents = [.. parts[^2].Documents, .. parts[^1].Documents];
            parts.RemoveAt(parts.Count - 1);
            parts[^1] = new(_build(documents), null, documents.Count);
        }

        for (var i = 0; i < parts.Count; i++)
        {
            if (parts[i].Live * 2 < parts[i].Segment.Documents.Count)
            {
                List<TDocument> documents = [.. parts[i].Documents];
                parts[i] = new(_build(documents), null, documents.Count);
            }
        }
    }

    /// <summary>A segment and which of its documents are gone.</summary>
    internal sealed record Part(TSegment Segment, ulong[]? Gone, int Live)
    {
        public IEnumerable<TDocument> Documents => Segment.Documents.Where((_, i) => IsLive(i));

        public bool IsLive(int document) => Gone is null || (Gone[document >> 6] & (1UL << document)) == 0;

        public bool Has(string key) => Segment.Find(key) is >= 0 and var at && IsLive(at);

        public Part Without(IEnumerable<string> keys)
        {
            ulong[] gone = Gone is null ? new ulong[(Segment.Documents.Count >> 6) + 1] : [.. Gone];
            var live = Live;
            foreach (var at in keys.Select(Segment.Find))
            {
                gone[at >> 6] |= 1UL << at;
                live--;
            }

            return this with { Gone = gone, Live = live };
        }
    }
}

/// <summary>What makes an ImmutableArray builder searchable by a condition.</summary>
internal static class BuilderSearch
{
    public static int FindIndex<T>(this ImmutableArray<T>.Builder builder, Func<T, bool> condition)
    {
        for (var i = 0; i < builder.Count; i++)
        {
            if (condition(builder[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
