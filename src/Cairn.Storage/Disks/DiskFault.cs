namespace Cairn.Storage;

/// <summary>What goes wrong at an operation of a <see cref="SimulatedDisk"/>.</summary>
public enum DiskFault
{
    /// <summary>EIO: a sync that fails this way drops an unknown part of what it should have made durable.</summary>
    InputOutput,

    /// <summary>ENOSPC: a write that fails this way may have written a part.</summary>
    NoSpace,
}
