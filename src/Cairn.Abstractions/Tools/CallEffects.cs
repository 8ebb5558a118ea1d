using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>
/// What a tool call did beside answering. What was asked of the network stands beside it in
/// <see cref="ToolCallFinished.Network"/>. What is null was not there, or could not be seen: see <see cref="Unwatched"/>.
/// </summary>
public sealed record CallEffects
{
    /// <summary>The most paths that are listed; the layer names all.</summary>
    public const int MaxFiles = 64;

    /// <summary>The most processes that are listed.</summary>
    public const int MaxProcesses = 64;

    /// <summary>Paths that differ from before, with the hashes of both contents; sorted by path.</summary>
    public ImmutableArray<PathChange>? Files { get; init; }

    /// <summary>Paths that differ and are not listed.</summary>
    public int? FilesLeftOut { get; init; }

    /// <summary>Processes, in the order in which they were seen.</summary>
    public ImmutableArray<ProcessUse>? Processes { get; init; }

    /// <summary>Processes that are not listed.</summary>
    public int? ProcessesLeftOut { get; init; }

    /// <summary>Processor time of all commands of the call, in milliseconds, as far as the backend knows it.</summary>
    public long? CpuMilliseconds { get; init; }

    /// <summary>The most memory that one process of the call had, in KiB.</summary>
    public long? PeakKilobytes { get; init; }

    /// <summary>The limits that were hit, by name.</summary>
    public ImmutableArray<string>? Limits { get; init; }

    /// <summary>True when commands ran whose processes nobody could watch: the backend has no way to, or the helper was not built.</summary>
    public bool? Unwatched { get; init; }

    /// <summary>There is nothing to tell.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsEmpty => this == new CallEffects();
}

/// <summary>A process that a call started, as it was seen from outside of its sandbox.</summary>
/// <param name="Number">From 1, in the order in which they were seen.</param>
/// <param name="Parent">The number of the process that started it; 0 when that is none of the listed ones.</param>
/// <param name="Command">The program and arguments that it ran last, as one line: cut, and with what looks like a secret masked.</param>
/// <param name="ExitCode">Its exit code; null when a signal ended it or it was still there when its command was over.</param>
/// <param name="CpuMicroseconds">Its own processor time; null when a signal ended it.</param>
/// <param name="PeakKilobytes">The most memory that it had; null when a signal ended it.</param>
public sealed record ProcessUse(int Number, int Parent, string Command, int? ExitCode, long? CpuMicroseconds, long? PeakKilobytes)
{
    /// <summary>The programs that the same process ran before; null when there was none.</summary>
    public ImmutableArray<string>? Before { get; init; }
}
