using System.Numerics.Tensors;
using Cairn.Memory.Vectors;

namespace Cairn.Tests.Memory.Vectors;

public sealed class VectorIndexTests
{
    [Fact]
    public async Task The_embedder_gives_the_same_vector_everywhere()
    {
        var embedder = new HashedWordsEmbedder();
        var vectors = await embedder.EmbedAsync(["def resolve_user_id(token)", "", "resolveUserId"], CancellationToken.None);
        Assert.Equal(1, TensorPrimitives.Norm<float>(vectors[0]), 5);
        Assert.Equal(0, TensorPrimitives.Norm<float>(vectors[1]));
        Assert.True(TensorPrimitives.Dot<float>(vectors[0], vectors[2]) > 0.5);

        // Vectors on disk outlive the process: the numbers themselves are the promise.
        var (place, least) = vectors[2].Select((value, i) => (i, value)).MinBy(each => each.value);
        Assert.Equal(59, place);
        Assert.Equal(-0.363877, least, 5);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(8000)]
    public void Nearly_all_of_the_nearest_are_found(int count)
    {
        var vectors = Clustered(count, 7);
        var index = VectorIndex.Empty(64).With([], vectors.Select((vector, i) => KeyValuePair.Create($"v{i}", vector)));
        var found = 0;
        for (var i = 0; i < 100; i++)
        {
            var question = vectors[i * 3].Zip(vectors[(i * 5) + 1], (x, y) => x + (0.4f * y)).ToArray();
            found += index.Search(question, 10, null).Select(hit => hit.Key).Intersect(index.Search(question, 10, null, exact: true).Select(hit => hit.Key)).Count();
        }

        Assert.InRange(found, 985, 1000);
    }

    [Fact]
    public void A_filter_is_applied_before_the_best_are_chosen()
    {
        var vectors = Clustered(7000, 3);
        var index = VectorIndex.Empty(64).With([], vectors.Select((vector, i) => KeyValuePair.Create($"v{i}", vector)));
        Assert.All(index.Search(vectors[0], 10, key => key.EndsWith('7')), hit => Assert.EndsWith("7", hit.Key, StringComparison.Ordinal));
        Assert.Equal(10, index.Search(vectors[0], 10, key => key.EndsWith('7')).Count);
    }

    [Fact]
    public void Versions_share_and_do_not_disturb_each_other()
    {
        var vectors = Clustered(200, 9);
        var first = VectorIndex.Empty(64).With([], vectors.Select((vector, i) => KeyValuePair.Create($"v{i}", vector)));
        var second = first.With(["v5"], [KeyValuePair.Create("new", vectors[5])]);
        Assert.Equal("v5", first.Search(vectors[5], 1, null)[0].Key);
        Assert.Equal("new", second.Search(vectors[5], 1, null)[0].Key);
        Assert.Equal((200, 200), (first.Count, second.Count));
        Assert.Throws<ArgumentException>(() => first.With([], [KeyValuePair.Create("x", new float[3])]));
    }

    private static float[][] Clustered(int count, int seed)
    {
        var random = new Random(seed);
        float[][] centres = [.. Enumerable.Range(0, 40).Select(_ => Enumerable.Range(0, 64).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray())];
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            var vector = centres[i % 40].Select(x => x + (float)((random.NextDouble() - 0.5) * 0.8)).ToArray();
            TensorPrimitives.Divide(vector, TensorPrimitives.Norm<float>(vector), vector);
            return vector;
        })];
    }
}
