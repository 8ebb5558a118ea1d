using System.Collections.Immutable;
using System.Numerics.Tensors;

namespace Cairn.Memory.Vectors;

/// <summary>A vector that was found.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Score">The cosine of the angle to the question: 1 is the same direction.</param>
public sealed record VectorHit(string Key, float Score);

/// <summary>
/// One version of a vector index. It never changes. Few vectors are all looked at, in eight bits; many are divided into
/// neighbourhoods, of which the nearest are looked at. What looks best is scored again exactly.
/// </summary>
public sealed class VectorIndex
{
    private readonly SegmentList<VectorDocument, VectorSegment> _segments;

    private VectorIndex(int dimensions, SegmentList<VectorDocument, VectorSegment> segments)
    {
        Dimensions = dimensions;
        _segments = segments;
    }

    /// <summary>Numbers in a vector.</summary>
    public int Dimensions { get; }

    /// <summary>How many vectors there are.</summary>
    public int Count => _segments.Count;

    /// <summary>An index without vectors.</summary>
    public static VectorIndex Empty(int dimensions) => new(dimensions, new(documents => new VectorSegment(documents, dimensions)));

    /// <summary>The next version; a vector whose key is there already takes the other's place.</summary>
    /// <exception cref="ArgumentException">When a vector has another number of dimensions.</exception>
    public VectorIndex With(IEnumerable<string> removed, IEnumerable<KeyValuePair<string, float[]>> added)
    {
        ArgumentNullException.ThrowIfNull(removed);
        var documents = added.Select(each => each.Value.Length == Dimensions
            ? new VectorDocument(each.Key, each.Value)
            : throw new ArgumentException($"The vector {each.Key} has {each.Value.Length} numbers; the index has {Dimensions}.")).ToList();
        return new(Dimensions, _segments.With([.. removed, .. documents.Select(document => document.Key)], documents));
    }

    /// <summary>The vectors nearest to a question by angle, at most so many.</summary>
    /// <param name="question">A vector of length 1.</param>
    /// <param name="most">At least 1.</param>
    /// <param name="filter">Which vectors count; null for all.</param>
    public IReadOnlyList<VectorHit> Search(float[] question, int most, Func<string, bool>? filter) => Search(question, most, filter, exact: false);

    internal IReadOnlyList<VectorHit> Search(float[] question, int most, Func<string, bool>? filter, bool exact)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(question.Length, Dimensions);
        var hits = new List<VectorHit>();
        foreach (var part in _segments.Parts)
        {
            Func<int, bool>? accepts = part.Gone is null && filter is null ? null : i => part.IsLive(i) && filter?.Invoke(part.Segment.Documents[i].Key) != false;
            hits.AddRange(part.Segment.Search(question, most, accepts, exact).Select(hit => new VectorHit(part.Segment.Documents[hit.Document].Key, hit.Score)));
        }

        return _segments.Parts.Length == 1 ? hits : [.. hits.OrderByDescending(hit => hit.Score).ThenBy(hit => hit.Key, StringComparer.Ordinal).Take(most)];
    }
}

/// <summary>A vector and its name.</summary>
internal sealed record VectorDocument(string Key, float[] Vector);
