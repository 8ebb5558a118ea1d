namespace Cairn.Storage;

/// <summary>
/// One collection of a state directory that is open to write. It is begun before the caller works out what is to stay, so
/// that whatever comes to be meanwhile stays too. Appends go on all the time; they wait only for <see cref="TryDrop"/>.
/// A crash anywhere leaves every run whole or gone; the next collection finishes what one that was cut off left.
/// </summary>
public sealed class StoreCollection : IDisposable
{
    private readonly LogCollector _collector;

    internal StoreCollection(LogCollector collector) => _collector = collector;

    /// <summary>
    /// Removes runs, all of them or none: from here on, and after any crash, they do not exist. Their bytes go with
    /// <see cref="Reclaim"/>.
    /// </summary>
    /// <param name="runs">The runs, as the decision to remove them saw them.</param>
    /// <param name="dryRun">Only take note of them, for a report.</param>
    /// <returns>False when one of them has changed since; nothing was removed then.</returns>
    /// <exception cref="IOException">When the disk fails; the runs stay, or are gone after the next open.</exception>
    public bool TryDrop(IReadOnlyCollection<RunHead> runs, bool dryRun)
    {
        ArgumentNullException.ThrowIfNull(runs);
        return _collector.TryDrop(runs, dryRun);
    }

    /// <summary>Takes out of the disk what no record names any more.</summary>
    /// <param name="alsoLive">Bodies that are named by other things than records: the contents that layers and plans name.</param>
    /// <param name="dryRun">Change nothing, only count.</param>
    /// <param name="progress">Told now and then what is being done; may be null.</param>
    /// <param name="cancellationToken">Stops between two segments; what was done stays done.</param>
    /// <exception cref="InvalidDataException">When a segment is damaged; it is not touched.</exception>
    /// <exception cref="IOException">When the disk fails or is full.</exception>
    public StoreReclaimed Reclaim(
        IReadOnlySet<BlobHash> alsoLive, bool dryRun, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(alsoLive);
        return _collector.Reclaim(alsoLive, dryRun, progress, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _collector.Dispose();
}
