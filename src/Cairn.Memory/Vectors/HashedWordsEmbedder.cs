using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Cairn.Memory.Keywords;

namespace Cairn.Memory.Vectors;

/// <summary>
/// The embedder that is always there: it needs no model, no network, and gives the same vector on every machine. Words and
/// the three-letter pieces of words are hashed to places of the vector, with a sign. So it finds texts that share words or
/// parts of words, also misspelt or inflected ones. It does not know what words mean: "delete" and "remove" have nothing in
/// common for it. For that, use an embedding model.
/// </summary>
public sealed class HashedWordsEmbedder : IEmbedder
{
    private const float PieceWeight = 0.35f;
    private const int PieceLength = 3;

    /// <inheritdoc/>
    public string Name => "hashed-words/1";

    /// <inheritdoc/>
    public int Dimensions => 256;

    /// <inheritdoc/>
    public Task<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var vectors = new float[texts.Count][];
        for (var i = 0; i < vectors.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            vectors[i] = Embed(texts[i]);
        }

        return Task.FromResult<IReadOnlyList<float[]>>(vectors);
    }

    /// <summary>The vector of one text.</summary>
    public float[] Embed(string text)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var word in CodeWords.Of(text))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(counts, word, out _)++;
        }

        var vector = new float[Dimensions];
        foreach (var (word, count) in counts)
        {
            // The tenth use of a word says little more than the third.
            var weight = 1 + MathF.Log(count);
            Add(vector, word, weight);
            for (var i = 0; i + PieceLength <= word.Length && word.Length > PieceLength; i++)
            {
                Add(vector, word.AsSpan(i, PieceLength), weight * PieceWeight);
            }
        }

        var length = TensorPrimitives.Norm<float>(vector);
        if (length > 0)
        {
            TensorPrimitives.Divide(vector, length, vector);
        }

        return vector;
    }

    // FNV-1a with a final mix: string.GetHashCode differs from process to process.
    private static void Add(float[] vector, ReadOnlySpan<char> feature, float weight)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in feature)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        hash ^= hash >> 32;
        hash *= 0x9E3779B97F4A7C15UL;
        vector[(int)(hash >> 56)] += (hash & 1) == 0 ? weight : -weight;
    }
}
