using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>The hard limits of one sandboxed command.</summary>
public sealed record SandboxLimits
{
    /// <summary>The most wall time.</summary>
    public TimeSpan Wall { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The most memory of all its processes together, in bytes.</summary>
    public long MemoryBytes { get; init; } = 4L << 30;

    /// <summary>The most processes and threads at once.</summary>
    public int Pids { get; init; } = 512;

    /// <summary>The most bytes kept of standard output, and of standard error: the head and the tail.</summary>
    public int OutputBytes { get; init; } = 256 * 1024;

    /// <summary>The largest file that it may write, in bytes.</summary>
    public long FileBytes { get; init; } = 2L << 30;

    /// <summary>The most open files of one process.</summary>
    public int OpenFiles { get; init; } = 4096;

    /// <summary>The most bytes that it may put into the run's open layer; each entry counts as 4 KiB at least.</summary>
    public long DiskBytes { get; init; } = 8L << 30;

    /// <summary>The most processor time of each of its processes, in seconds; null for as much as its wall time allows.</summary>
    public int? CpuSeconds { get; init; }
}

/// <summary>A command to run in the sandbox.</summary>
/// <param name="Arguments">Program and arguments; the program is looked up in the sandbox's own PATH.</param>
public sealed record SandboxCommand(ImmutableArray<string> Arguments)
{
    /// <summary>Working directory, relative to the workspace's root.</summary>
    public string Directory { get; init; } = "";

    /// <summary>Variables beside the sandbox's own few; the caller's environment is never passed on.</summary>
    public ImmutableDictionary<string, string> Environment { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Standard input; empty closes it.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>Mount the workspace read-only: any number of such commands may run at once.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Directories that this command sees read-only beside the system and the workspace.</summary>
    public ImmutableArray<CommandMount> Mounts { get; init; } = [];

    /// <summary>It wants the run's network, if the run has one. Without it there is no network.</summary>
    public bool Network { get; init; }

    /// <summary>The limits.</summary>
    public SandboxLimits Limits { get; init; } = new();

    /// <summary>Told of output (standard output and error) while it arrives; may be null.</summary>
    public Action<string>? OnOutput { get; init; }
}

/// <summary>A directory or file that one command sees read-only.</summary>
/// <param name="Source">Absolute path outside.</param>
/// <param name="Target">Absolute path inside; not within the workspace.</param>
public sealed record CommandMount(string Source, string Target);

/// <summary>A process in the sandbox that lives until it is disposed. Disposing kills everything that it started.</summary>
public interface ISandboxProcess : IAsyncDisposable
{
    /// <summary>What it reads.</summary>
    Stream Input { get; }

    /// <summary>What it prints.</summary>
    Stream Output { get; }

    /// <summary>It, and all that it started, is gone.</summary>
    Task Ended { get; }

    /// <summary>The end of what it printed on standard error, for people.</summary>
    string ErrorTail { get; }
}

/// <summary>How a sandboxed command ended.</summary>
/// <param name="ExitCode">Its exit code; 128 + signal when a signal ended it.</param>
/// <param name="Output">Standard output, cut to the limit with a line that says what was left out.</param>
/// <param name="Error">Standard error, likewise.</param>
/// <param name="Wall">Wall time.</param>
/// <param name="LimitHit">The limit that ended or cut it: "wall time", "CPU time", "memory", "pids", "disk", "depth of directories", "output"; null when none did.</param>
public sealed record SandboxResult(int ExitCode, string Output, string Error, TimeSpan Wall, string? LimitHit)
{
    /// <summary>It was stopped because its wall time was over.</summary>
    public bool TimedOut => LimitHit == "wall time";
}

/// <summary>A directory of the machine that sandboxed commands may see.</summary>
/// <param name="Path">Absolute path, the same inside and outside.</param>
/// <param name="Required">Refuse to run without it.</param>
public sealed record SandboxMount(string Path, bool Required = false);

/// <summary>One fact about the sandbox for `cairn doctor`.</summary>
/// <param name="Name">What was checked.</param>
/// <param name="Ok">It works.</param>
/// <param name="Detail">What was found, or the mend.</param>
/// <param name="Essential">Nothing can run without it.</param>
public sealed record SandboxFact(string Name, bool Ok, string Detail, bool Essential);

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
