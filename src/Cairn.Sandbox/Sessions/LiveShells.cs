using Cairn.Abstractions;
using Cairn.Sandbox.Layers;

namespace Cairn.Sandbox.Sessions;

/// <summary>The shells of a run that is being opened.</summary>
/// <param name="Known">By the journal.</param>
/// <param name="Client">Their holder, if it lives and is of the same time.</param>
/// <param name="State">What it holds.</param>
/// <param name="Ended">What ran in those of another time, which were ended.</param>
internal sealed record LiveShells(ShellSet? Known, HolderClient? Client, HolderState? State, IReadOnlyList<string> Ended)
{
    /// <summary>Shells hold the open layer.</summary>
    public bool IsMounted => State is { IsMounted: true };

    /// <summary>The layer that the open one stands on there.</summary>
    public LayerId? Below => State is { Base.Length: > 0 } held ? LayerId.Parse(held.Base) : null;

    /// <summary>
    /// Live shells go on only where their mark is that of the journal. Any other comes from a time that the run is not at, or
    /// of a call whose result was lost: those are ended, and built again when they are used.
    /// </summary>
    public static LiveShells Find(LayerFiles files, ShellHolder holder, RunId run, ShellSet? known, LayerId? top)
    {
        var client = holder.TryConnect(run);
        if (client is null)
        {
            return new(known, null, null, holder.End(run));
        }

        try
        {
            var state = client.HelloAsync().GetAwaiter().GetResult();
            LiveShells found = new(known, client, state, []);
            if (known is not null && state.Mark == known.Mark && (!state.IsMounted || found.Below == top || IsCopy(files, run, top, found.Below)))
            {
                return found;
            }
        }
        catch (WorkspaceException)
        {
            // It does not answer: it is ended like one of another time.
        }

        client.Dispose();
        return new(known, null, null, holder.End(run));
    }

    // What shells hold was frozen by copies of this run, all over the layer that they hold; a layer of a child is none.
    private static bool IsCopy(LayerFiles files, RunId run, LayerId? top, LayerId? below) =>
        top is { } layer && layer.Value.StartsWith(run.Value + ".", StringComparison.Ordinal) && files.Meta(layer).Parent == below;
}
