using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

internal sealed class MergePlanner(MergedView theirs, string repository, Func<BlobHash, byte[]> content, IBlobStore blobs)
{
    public MergePlan Plan(LayerId? top, ImmutableArray<LayerEdit> net) => throw new NotImplementedException($"{theirs}{repository}{content}{blobs}{top}{net}");
}

internal sealed class MergeApply(string repository, MergePlan plan, Func<BlobHash, byte[]> content, Action<int>? fault) : IDisposable
{
    public void Run() => throw new NotImplementedException($"{repository}{plan}{content}{fault}");
    public void Dispose() { }
}
