namespace Cairn.Storage;

/// <summary>
/// A state directory: the journal of all its runs and their bodies. One writer at a time, any number of readers beside it,
/// in this process or others. Dispose it to close the log cleanly; a process that dies instead loses nothing that was
/// acknowledged.
/// </summary>
public sealed class StateStore : IDisposable
{
    private readonly IStoreCore _core;
    private readonly IDisk _disk;

    private StateStore(IDisk disk, string directory, IStoreCore core) => (_disk, Directory, _core) = (disk, directory, core);

    /// <summary>The directory's full path.</summary>
    public string Directory { get; }

    /// <summary>The journal.</summary>
    public IJournal Journal => _core;

    /// <summary>The bodies.</summary>
    public IBlobStore Blobs => _core;

    /// <summary>Opens a directory to write, making it when there is none; drops a torn tail.</summary>
    /// <exception cref="StateDirectoryInUseException">When another process has it open to write.</exception>
    /// <exception cref="InvalidDataException">When the journal is damaged, cut short or written by a newer Cairn; nothing was changed.</exception>
    /// <exception cref="IOException">When the disk fails or is full.</exception>
    public static StateStore Open(IDisk disk, string directory, TimeProvider time, StateStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(time);
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.SegmentBytes, StateStoreOptions.MaxSegmentBytes, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SegmentBytes, SegmentHeader.Bytes, nameof(options));
        if (options.AcceptTornRecords && disk is PosixDisk)
        {
            throw new ArgumentException("Bugs are planted on simulated disks only.", nameof(options));
        }

        var path = Path.GetFullPath(directory);
        return new(disk, path, new WriterCore(disk, new(path), time, options));
    }

    /// <summary>Opens a directory to read, beside a writer or without one. See <see cref="Refresh"/>.</summary>
    /// <exception cref="InvalidDataException">When the journal is damaged, cut short or written by a newer Cairn.</exception>
    public static StateStore OpenReadOnly(IDisk disk, string directory)
    {
        ArgumentNullException.ThrowIfNull(disk);
        var path = Path.GetFullPath(directory);
        return new(disk, path, new ReaderCore(disk, new(path)));
    }

    /// <summary>Checks a directory that may be too damaged to open; see <see cref="JournalVerifier"/>.</summary>
    public static IReadOnlyList<JournalFinding> Verify(IDisk disk, string directory, CancellationToken cancellationToken) =>
        JournalVerifier.Verify(disk, directory, cancellationToken);

    /// <summary>Checks every record, body and anchor as they lie on disk; empty when all is well.</summary>
    public IReadOnlyList<JournalFinding> Verify(CancellationToken cancellationToken)
    {
        Flush();
        return JournalVerifier.Verify(_disk, Directory, cancellationToken);
    }

    /// <summary>Writes a run's records as JSON lines; see <see cref="JournalExport"/>.</summary>
    public void Export(RunId run, Stream target, CancellationToken cancellationToken) => JournalExport.Write(_core, run, target, cancellationToken);

    /// <summary>
    /// Records of all runs in the order in which they became durable. A position is good for as long as the directory is:
    /// reading on from the last one misses nothing and brings nothing twice.
    /// </summary>
    /// <param name="after">The position of the last record that is known; 0 for none.</param>
    /// <param name="most">The most records to return.</param>
    public IReadOnlyList<LoggedRecord> ReadLog(long after, int most) => _core.ReadLog(after, most);

    /// <summary>Begins a collection; one at a time. Only for a directory that is open to write.</summary>
    /// <exception cref="InvalidOperationException">When one is under way, or the directory is open to read only.</exception>
    public StoreCollection BeginCollection() => _core is WriterCore writer
        ? new(writer.BeginCollection())
        : throw new InvalidOperationException($"The state directory {Directory} is open to read only.");

    /// <summary>Makes bodies durable that were put since the last append.</summary>
    public void Flush() => _core.Flush();

    /// <summary>For a reader: takes in what was written since it was opened or refreshed.</summary>
    public void Refresh() => _core.Refresh();

    /// <inheritdoc/>
    public void Dispose() => _core.Dispose();
}
