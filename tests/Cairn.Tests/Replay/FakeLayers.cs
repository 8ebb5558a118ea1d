using System.Collections.Immutable;

namespace Cairn.Tests.Replay;

/// <summary>Layers that are nothing but what they changed.</summary>
internal sealed class FakeLayers : ILayerStore
{
    private readonly Dictionary<LayerId, ImmutableArray<PathChange>> _changes = [];

    /// <summary>A layer under which these files have these texts.</summary>
    public FakeLayers With(string layer, params (string Path, string Text)[] files)
    {
        _changes[LayerId.Parse(layer)] =
            [.. files.Select(f => new PathChange(f.Path, ChangeKind.Modified, EntryKind.File, BlobHash.OfText("before"), BlobHash.OfText(f.Text), 0x1a4, 0x1a4))];
        return this;
    }

    public ImmutableArray<PathChange> NetChanges(LayerId? top, LayerId? above) => top is { } layer ? _changes[layer] : [];

    public IWorkspace Open(RunId run, string repository, LayerId? top) => throw new NotSupportedException();

    public LayerChanges Changes(LayerId layer) => throw new NotSupportedException();

    public byte[] Content(BlobHash hash) => throw new NotSupportedException();

    public MergePlan PlanMerge(string repository, LayerId? top) => throw new NotSupportedException();

    public void ApplyMerge(MergePlan plan) => throw new NotSupportedException();

    public Task<IReadOnlyList<SandboxFact>> ProbeAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
}
