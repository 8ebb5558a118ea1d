using Cairn.Abstractions;

namespace Cairn.Sandbox.Isolation;

/// <summary>A way to make sandboxes. What a command may see and do is the same with each; they differ in speed and in what they need.</summary>
internal interface ISandboxBackend : IDisposable
{
    /// <summary>Its name for people: "box", "bubblewrap".</summary>
    string Name { get; }

    /// <summary>A command can share the workspace that the run's shells have mounted.</summary>
    bool CanShare { get; }

    /// <summary>It can give the command the mounts that it asks for.</summary>
    bool Takes(SandboxCommand command);

    /// <summary>Starts a command in a sandbox.</summary>
    /// <exception cref="SandboxFailure">When no sandbox could be made; nothing was run then.</exception>
    Task<SandboxedProcess> StartAsync(SandboxRequest request, CancellationToken cancellationToken);
}

/// <summary>The sandbox could not be made.</summary>
internal sealed class SandboxFailure(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A command that runs in a sandbox. Its streams end when the last process of the sandbox that holds them is gone.</summary>
internal abstract class SandboxedProcess : IDisposable
{
    /// <summary>Standard input; null when the command was started without any.</summary>
    public abstract Stream? Input { get; }

    /// <summary>Standard output.</summary>
    public abstract Stream Output { get; }

    /// <summary>Standard error.</summary>
    public abstract Stream Error { get; }

    /// <summary>Kills every process of the sandbox. Safe to call at any time, from any thread.</summary>
    public abstract void Kill();

    /// <summary>Waits until every process of the command is gone. To be called when both streams have ended.</summary>
    public abstract Task<SandboxExit> WaitAsync();

    public abstract void Dispose();
}

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">Its exit code, 128 + signal; null when the sandbox fell apart before it ended by itself.</param>
/// <param name="LimitHit">The limit of its groups that was hit; null when none was.</param>
/// <param name="Failure">Why there is no exit code, when that is known.</param>
/// <param name="Complaint">What the backend's own programs may have added at the end of standard error.</param>
internal readonly record struct SandboxExit(int? ExitCode, string? LimitHit, string? Failure = null, string? Complaint = null)
{
    /// <summary>The processes that it started; null when nobody could watch.</summary>
    public ProcessesSeen? Processes { get; init; }
}
