using Cairn.Abstractions;

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
    public static LiveShells Find(ShellHolder holder, RunId run, ShellSet? known)
    {
        var client = holder.TryConnect(run);
        if (client is null)
        {
            return new(known, null, null, holder.End(run));
        }

        try
        {
            var state = client.HelloAsync().GetAwaiter().GetResult();
            if (known is not null && state.Mark == known.Mark)
            {
                return new(known, client, state, []);
            }
        }
        catch (WorkspaceException)
        {
            // It does not answer: it is ended like one of another time.
        }

        client.Dispose();
        return new(known, null, null, holder.End(run));
    }
}
