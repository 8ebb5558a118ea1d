using System.Collections.Immutable;

namespace Cairn.Abstractions;

/// <summary>A persistent shell of a run as its journal knows it: enough to build it again.</summary>
/// <param name="Name">The agent's name for it.</param>
/// <param name="State">The shell at its last prompt: directory, variables, functions, options, as its own commands.</param>
/// <param name="Directory">Where it stood, for people.</param>
/// <param name="Running">What ran beside it or in it when the call ended. It lives on in the sandbox; it cannot be built again.</param>
public sealed record ShellRecord(string Name, BlobHash State, string Directory, ImmutableArray<string> Running)
{
    /// <inheritdoc/>
    public bool Equals(ShellRecord? other) =>
        other is not null && Name == other.Name && State == other.State && Directory == other.Directory
        && Running.AsSpan().SequenceEqual(other.Running.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, State, Directory, Running.Length);
}

/// <summary>
/// The shells of a run at one place of its history. Live shells may be used on only where their own mark is this one: any
/// other mark says that they come from another time, or that a call on them never got its result into the journal.
/// </summary>
/// <param name="Mark">Names the last call that could change them or the files beneath them.</param>
/// <param name="Open">The shells, in the order in which they were opened.</param>
public sealed record ShellSet(string Mark, ImmutableArray<ShellRecord> Open)
{
    /// <summary>The most shells of a run at once.</summary>
    public const int MaxShells = 8;

    /// <inheritdoc/>
    public bool Equals(ShellSet? other) =>
        other is not null && Mark == other.Mark && Open.AsSpan().SequenceEqual(other.Open.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Mark, Open.Length);
}

/// <summary>What is typed into a shell, and how long its answer is waited for.</summary>
/// <param name="Call">The call that types it.</param>
/// <param name="Shell">The shell; it is opened when there is none of that name.</param>
/// <param name="Input">Bytes for its terminal; empty only waits.</param>
/// <param name="Wait">The most time until the answer.</param>
/// <param name="OutputBytes">The most bytes of output that are kept: the head and the tail.</param>
public sealed record ShellInput(CallId Call, string Shell, ReadOnlyMemory<byte> Input, TimeSpan Wait, int OutputBytes)
{
    /// <summary>Told of output while it arrives; may be null.</summary>
    public Action<string>? OnOutput { get; init; }

    /// <summary>The limits of the sandbox that all shells of a run share; they hold from when its first shell is opened.</summary>
    public SandboxLimits Limits { get; init; } = new();
}

/// <summary>What a shell answered.</summary>
/// <param name="Output">What its terminal showed since the last answer; control sequences and all.</param>
/// <param name="ExitCode">The last command's exit code when the shell is at its prompt; the shell's own when it ended; else null.</param>
/// <param name="Ended">The shell itself is gone.</param>
/// <param name="AsksForInput">A program reads the terminal.</param>
/// <param name="Directory">Where the shell stands.</param>
/// <param name="Running">What still runs in the sandbox beside the shells.</param>
/// <param name="Notes">What became of earlier shells and programs that could not be kept; named, never silent.</param>
public sealed record ShellAnswer(
    string Output, int? ExitCode, bool Ended, bool AsksForInput, string Directory, ImmutableArray<string> Running, ImmutableArray<string> Notes);

/// <summary>The persistent shells of a run: terminals in one sandbox over the run's workspace.</summary>
public interface IShells
{
    /// <summary>The shells after the last call; null when there are none.</summary>
    ShellSet? Set { get; }

    /// <summary>A call begins: what it changes in the files while a shell holds them is done under its name.</summary>
    void Begin(CallId call);

    /// <summary>Types into a shell and waits until it is at its prompt again, or a program of it waits for input, or the time is over.</summary>
    /// <exception cref="WorkspaceException">When there can be no shell.</exception>
    Task<ShellAnswer> SendAsync(ShellInput input, CancellationToken cancellationToken);

    /// <summary>Ends a shell and what it started in its terminal.</summary>
    /// <returns>What still runs; null when there is no such shell.</returns>
    Task<ShellAnswer?> CloseAsync(CallId call, string shell, CancellationToken cancellationToken);
}
