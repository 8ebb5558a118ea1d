using System.Collections.Immutable;
using Cairn.Abstractions;
using Cairn.Sandbox.Layers;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Isolation;

/// <summary>One command over one stack.</summary>
/// <param name="Run">The run, for names.</param>
/// <param name="Root">The repository's path, inside and outside.</param>
/// <param name="Open">The layer that takes the changes.</param>
/// <param name="Lower">The trees below it from the top down, relative to the state directory.</param>
/// <param name="RootStat">Owner of the workspace.</param>
/// <param name="Git">What the repository's .git is; null when it has none.</param>
/// <param name="Command">The command.</param>
internal sealed record SandboxRequest(
    RunId Run, string Root, OpenLayer Open, ImmutableArray<string> Lower, FileStat RootStat, EntryKind? Git, SandboxCommand Command)
{
    /// <summary>Its processes are recorded, where the backend can. Not for what lives on after a call.</summary>
    public bool IsWatched { get; init; } = true;

    /// <summary>The workspace as the run's shells have it mounted, to be shared; null for a mount of the command's own. Who starts the command disposes it.</summary>
    public SafeFileHandle? Shared { get; init; }
}
