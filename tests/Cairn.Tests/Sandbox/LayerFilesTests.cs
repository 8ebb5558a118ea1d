using Cairn.Sandbox.Layers;
using Cairn.Tests.Storage;

namespace Cairn.Tests.Sandbox;

public sealed class LayerFilesTests
{
    [Fact]
    public void Descriptions_in_memory_are_limited_and_the_others_are_read_again()
    {
        using var state = new TemporaryDirectory();
        using var files = new LayerFiles(state.Path, maxKept: 10);
        LayerId? parent = null;
        var all = new List<LayerId>();
        for (var i = 0; i < 50; i++)
        {
            var meta = new LayerMeta(LayerMeta.CurrentVersion, LayerId.Parse($"r.{i}"), parent, "/repo", []);
            Directory.CreateDirectory(Path.Combine(state.Path, "layers", meta.Layer.Value, "d"));
            files.Prepare(meta);
            files.Commit(meta);
            parent = meta.Layer;
            all.Add(meta.Layer);
            Assert.InRange(files.Kept, 1, 10);
        }

        Assert.Equal(all.AsEnumerable().Reverse(), files.Chain(parent).Select(m => m.Layer));
        Assert.InRange(files.Kept, 1, 10);
    }
}
