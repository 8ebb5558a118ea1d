using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>What kind of work a command does: which system calls it may make, and whether it may change the workspace.</summary>
public enum SandboxProfile
{
    /// <summary>Builds and tests: what no build needs is off.</summary>
    Build,

    /// <summary>Looks things up: no sockets but local ones, nothing that makes devices, owners, attributes or programs in memory.</summary>
    ReadOnly,

    /// <summary>Deploys what is there: as <see cref="ReadOnly"/>, with sockets of the internet.</summary>
    Deploy,
}

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

    /// <summary>Which system calls it may make. Only with <see cref="SandboxProfile.Build"/> is the workspace ever writable.</summary>
    public SandboxProfile Profile { get; init; }

    /// <summary>
    /// Only programs of the system can be started, and only their code mapped: nothing from the workspace or a temporary
    /// directory. An interpreter that is there reads any script all the same.
    /// </summary>
    public bool NoExec { get; init; }

    /// <summary>Directories that this command sees read-only beside the system and the workspace.</summary>
    public ImmutableArray<CommandMount> Mounts { get; init; } = [];

    /// <summary>
    /// The repository's .git can be changed as well, in the run's layer like the rest. Only for a command that is all ours: what
    /// stands in a .git makes git run programs.
    /// </summary>
    public bool OpensGit { get; init; }

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

    /// <summary>The limit that ended it: "disk", "memory", …; null when none did, and while it runs.</summary>
    string? LimitHit => null;

    /// <summary>What it asked of the network since this was last called.</summary>
    ImmutableArray<NetworkAccess> TakeNetwork() => [];
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

    /// <summary>All limits that were hit; <see cref="LimitHit"/> is the first of them.</summary>
    public ImmutableArray<string> LimitsHit { get; init; } = [];

    /// <summary>The processes that it started; null when nobody could watch.</summary>
    public ProcessesSeen? Processes { get; init; }
}

/// <summary>What was seen of a command's processes.</summary>
/// <param name="Listed">At most <see cref="CallEffects.MaxProcesses"/> of them.</param>
/// <param name="LeftOut">How many more there were, at least.</param>
/// <param name="CpuMicroseconds">Processor time of all of them; null when it is not known.</param>
/// <param name="PeakKilobytes">The most memory that one of them had; null when it is not known.</param>
public sealed record ProcessesSeen(ImmutableArray<ProcessUse> Listed, int LeftOut, long? CpuMicroseconds, long? PeakKilobytes);

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
