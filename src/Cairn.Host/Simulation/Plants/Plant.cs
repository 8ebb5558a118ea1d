namespace Cairn.Host.Simulation;

/// <summary>
/// Bugs that can be planted into the ports of a simulated machine, to show that the simulator finds them. None of them is
/// reachable from a real state directory.
/// </summary>
internal enum Plant
{
    /// <summary>None.</summary>
    None,

    /// <summary>The disk says that it synced and did not: appends are acknowledged before they are durable.</summary>
    SyncSkipped,

    /// <summary>Names of new files are never made durable.</summary>
    DirectorySyncSkipped,

    /// <summary>A sync that fails counts as done.</summary>
    SyncErrorIgnored,

    /// <summary>The last record of a batch is not written.</summary>
    LastOfBatchLost,

    /// <summary>The append is acknowledged first and done later.</summary>
    AcknowledgedEarly,

    /// <summary>That a run was taken up again is not written down.</summary>
    RecoveryNotWritten,

    /// <summary>Two writers of one run both get through.</summary>
    ExpectedSeqIgnored,

    /// <summary>A tool's intent is written with its result, not before it.</summary>
    IntentAfterEffect,

    /// <summary>The records of a batch come in another order.</summary>
    BatchReordered,

    /// <summary>A reservation is counted twice.</summary>
    ReservationTwice,

    /// <summary>A reader does not see the newest record.</summary>
    NewestRecordHidden,

    /// <summary>Bodies are written some time after the records that name them.</summary>
    BodyAfterRecord,

    /// <summary>A frozen layer is not durable when its record is.</summary>
    FreezeNotSynced,

    /// <summary>What a crash left in the open layer is taken over.</summary>
    OpenLayerReused,

    /// <summary>The newest layer of the run is opened, not the one that its state names.</summary>
    NewestLayerOpened,

    /// <summary>A merge that was cut off is not recognised as its own work.</summary>
    MergeNotRepeatable,

    /// <summary>A merge says that it is done before the files are durable.</summary>
    MergeNotSynced,

    /// <summary>The idempotency key is not sent.</summary>
    KeyNotSent,

    /// <summary>An effect without a key is issued again without asking.</summary>
    UnkeyedRetried,

    /// <summary>An effect of unknown outcome is approved blindly.</summary>
    UnknownOutcomeRepeated,

    /// <summary>A code agent depends on chance.</summary>
    AgentDependsOnChance,

    /// <summary>What a crash tore at the end of the log counts as written.</summary>
    TornRecordAccepted,

    /// <summary>A collection forgets that layers name bodies too.</summary>
    LayerContentsForgotten,

    /// <summary>A collection takes layers whose record is not written yet.</summary>
    YoungLayersCollected,
}
