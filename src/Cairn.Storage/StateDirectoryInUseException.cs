namespace Cairn.Storage;

/// <summary>Another process writes to the state directory. The text names the directory and, where it can be told, the process.</summary>
public sealed class StateDirectoryInUseException(string directory, int? processId)
    : Exception($"The state directory {directory} is in use by another Cairn" +
        (processId is { } id ? $" (process {id})" : "") +
        ". Wait for it, stop it, or choose another one with --state DIR.")
{
    /// <summary>The directory.</summary>
    public string Directory { get; } = directory;

    /// <summary>The process that holds it; null when that cannot be told.</summary>
    public int? ProcessId { get; } = processId;
}
