using System.Collections.Immutable;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>The merged view of a repository and the frozen layers on it, with no open layer.</summary>
internal sealed class StackView : IDisposable
{
    private readonly Squash _squash;
    private readonly ImmutableArray<string> _trees;

    public StackView(LayerFiles files, Squash squash, string repository, LayerId? top, int depth)
    {
        var levels = ImmutableArray.CreateBuilder<Level>();
        (_squash, _trees) = (squash, squash.Rent(top, depth));
        foreach (var tree in _trees)
        {
            levels.Add(new(files.OpenTree(tree), tree));
        }

        levels.Add(new(DirectoryHandle.Open(repository), "stage/repo"));
        View = new(levels.ToImmutable(), files.OpaqueAttribute);
    }

    public MergedView View { get; }

    public void Dispose()
    {
        foreach (var level in View.Levels)
        {
            level.Tree.Dispose();
        }

        _squash.Return(_trees);
    }
}
