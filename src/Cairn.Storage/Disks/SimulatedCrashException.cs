namespace Cairn.Storage;

/// <summary>
/// The simulated machine lost power. Not an <see cref="IOException"/>, so that no error handling of the product can
/// take it for a failed write: nothing runs after it until <see cref="SimulatedDisk.Restart"/>.
/// </summary>
public sealed class SimulatedCrashException(string message) : Exception(message);
