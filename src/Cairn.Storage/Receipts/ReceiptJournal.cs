namespace Cairn.Storage;

/// <summary>
/// A journal that signs a receipt for each record once the record is durable. Receipts never stand in the way of the work:
/// when they cannot be written (a full disk, a file that was edited), the run goes on and they are completed later, or
/// the next reader is told.
/// </summary>
public sealed class ReceiptJournal : IJournal, IDisposable
{
    private const int Gates = 64;
    private readonly IJournal _journal;
    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly ReceiptKey _key;
    private readonly Lock[] _gates = [.. Enumerable.Range(0, Gates).Select(_ => new Lock())];

    /// <param name="journal">The journal.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="stateDirectory">The state directory.</param>
    /// <param name="key">Signs; disposed with this.</param>
    public ReceiptJournal(IJournal journal, IDisk disk, string stateDirectory, ReceiptKey key)
    {
        ArgumentNullException.ThrowIfNull(disk);
        (_journal, _disk, _key) = (journal, disk, key);
        _directory = Path.Combine(stateDirectory, "receipts");
        disk.CreateDirectory(_directory);
    }

    /// <summary>The file that holds a run's receipts.</summary>
    public static string PathOf(string stateDirectory, RunId run) => Path.Combine(stateDirectory, "receipts", run.Value + ".jsonl");

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<JournalRecord>> AppendAsync(
        RunId run, long expectedSeq, IReadOnlyList<RunEvent> events, CancellationToken cancellationToken)
    {
        var records = await _journal.AppendAsync(run, expectedSeq, events, cancellationToken);
        lock (_gates[(uint)run.GetHashCode() % Gates])
        {
            try
            {
                // What this append brought is at hand; only what a crash left out is read from the journal.
                new ReceiptFile(_disk, PathOf(Path.GetDirectoryName(_directory)!, run), _key).Complete(
                    seq => records.Count > 0 && seq >= records[0].Seq ? [.. records.Where(r => r.Seq >= seq)] : _journal.Read(run, seq),
                    records.Any(r => r.Event is RunEnded or MergeFinished));
            }
            catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                // The records are durable, and saying otherwise would be a lie.
            }
        }

        return records;
    }

    /// <inheritdoc/>
    public IReadOnlyList<JournalRecord> Read(RunId run, long fromSeq = 0) => _journal.Read(run, fromSeq);

    /// <inheritdoc/>
    public IReadOnlyList<RunHead> Runs() => _journal.Runs();

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
