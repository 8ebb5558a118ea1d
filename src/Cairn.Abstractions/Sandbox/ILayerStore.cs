using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>The workspaces of a state directory: layers, their stacking, merge and collection.</summary>
public interface ILayerStore
{
    /// <summary>Opens a run's workspace over a repository. A left-over open layer of an earlier process is dropped.</summary>
    /// <param name="run">The run.</param>
    /// <param name="repository">Absolute path of the repository.</param>
    /// <param name="top">The frozen layer to stand on; null for the repository itself.</param>
    IWorkspace Open(RunId run, string repository, LayerId? top);

    /// <summary>Likewise, for a run that has shells: live ones go on if they are those of this place, else they are ended.</summary>
    IWorkspace Open(RunId run, string repository, LayerId? top, ShellSet? shells) => Open(run, repository, top);

    /// <summary>Ends the shells of a run and everything that runs in them; no error when there are none.</summary>
    void EndShells(RunId run)
    {
    }

    /// <summary>The runs that have live shells in this state directory.</summary>
    IReadOnlyList<RunId> RunsWithShells() => [];

    /// <summary>What one layer changed against the one below it.</summary>
    LayerChanges Changes(LayerId layer);

    /// <summary>All that the stack changed against its base: the net effect, what was undone left out.</summary>
    /// <param name="top">The stack; null means nothing.</param>
    /// <param name="above">Only what lies above this layer; null for all down to the repository.</param>
    ImmutableArray<PathChange> NetChanges(LayerId? top, LayerId? above);

    /// <summary>The bytes of a path as a stack's layers hold them: its content after (or before) a change.</summary>
    byte[] Content(BlobHash hash);

    /// <summary>Plans the three-way merge of a stack into the repository, without changing anything.</summary>
    MergePlan PlanMerge(string repository, LayerId? top);

    /// <summary>Likewise, with what people decided about conflicts: a decision counts while the conflict is the one that it was made about.</summary>
    MergePlan PlanMerge(string repository, LayerId? top, ImmutableArray<ConflictResolution> resolutions) => PlanMerge(repository, top);

    /// <summary>The text of a conflict of text files; null when it is none, or a side is too large or not to be had.</summary>
    ConflictText? TextOf(MergeConflict conflict) => null;

    /// <summary>
    /// Makes a layer on a stack that takes changes back: each path is again what it was before its change. Null when that
    /// changes nothing.
    /// </summary>
    /// <param name="owner">The run that gets the layer; it is not open.</param>
    /// <param name="repository">Absolute path of the repository.</param>
    /// <param name="top">The stack.</param>
    /// <param name="layer">The new layer's id.</param>
    /// <param name="changes">What is taken back.</param>
    /// <param name="cancellationToken">Stops it before anything is done.</param>
    Task<LayerChanges?> TakeBackAsync(
        RunId owner, string repository, LayerId? top, LayerId layer, ImmutableArray<PathChange> changes, CancellationToken cancellationToken) =>
        throw new WorkspaceException(FileProblem.Io, "This store takes no merge back.");

    /// <summary>How many frozen layers there are.</summary>
    int Count => 0;

    /// <summary>The layers, of those that lie in it, that are not in the body store yet: a copy of journal and bodies would lack them.</summary>
    IReadOnlyList<LayerId> NotStored() => [];

    /// <summary>Puts the layers that are not there yet into the body store. Safe at any time; what was done stays done.</summary>
    void Store(CancellationToken cancellationToken)
    {
    }

    /// <summary>
    /// Carries out a plan without conflicts: all or nothing, and safe to call again after a crash in the middle.
    /// </summary>
    /// <exception cref="WorkspaceException">When the repository moved on since the plan, is read-only or full; nothing is lost.</exception>
    void ApplyMerge(MergePlan plan);

    /// <summary>What the sandbox can and cannot do on this machine.</summary>
    Task<IReadOnlyList<SandboxFact>> ProbeAsync(CancellationToken cancellationToken);
}
