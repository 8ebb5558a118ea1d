using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>Makes room for a layer that is to be frozen.</summary>
internal static class LayerRoom
{
    /// <summary>
    /// Clears the way for a layer's id: a tree without meta.json is what a crash left; a layer that nothing stands on
    /// is from a freeze whose journal record was lost, and the same step is being done again.
    /// </summary>
    public static void Make(LayerFiles files, LayerId id, LayerId? top)
    {
        var directory = FileNames.Parent(LayerFiles.LayerTree(id));
        if (files.Exists(id))
        {
            if (files.Chain(top).Any(m => m.Layer == id) || files.All().Any(l => files.Meta(l).Parent == id))
            {
                throw new InvalidOperationException($"Layer '{id}' exists and others stand on it.");
            }

            files.Forget(id);
            TreeRemoval.Remove(files.State, LayerFiles.SquashTree(id));
        }

        TreeRemoval.Remove(files.State, directory);
        Directory.CreateDirectory(Path.Combine(files.Path, directory));
    }
}
