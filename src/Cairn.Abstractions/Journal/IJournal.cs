namespace Cairn.Abstractions;

/// <summary>One event of one run, as it stands on disk.</summary>
/// <param name="Run">The run.</param>
/// <param name="Seq">Its place in the run: 0, 1, 2, … without gaps.</param>
/// <param name="At">When it was appended (UTC, from the host's clock).</param>
/// <param name="Event">What happened.</param>
/// <param name="Chain">SHA-256 over the chain value of the record before it in the run and this record's bytes.</param>
public sealed record JournalRecord(RunId Run, long Seq, DateTimeOffset At, RunEvent Event, BlobHash Chain);

/// <summary>The end of a run's journal.</summary>
/// <param name="Run">The run.</param>
/// <param name="Count">Records in it.</param>
/// <param name="Chain">The chain value of the last one.</param>
/// <param name="Started">When the first record was appended.</param>
/// <param name="Updated">When the last record was appended.</param>
public sealed record RunHead(RunId Run, long Count, BlobHash Chain, DateTimeOffset Started, DateTimeOffset Updated);

/// <summary>Another writer appended to the run first.</summary>
public sealed class JournalConflictException(string message) : Exception(message);

/// <summary>The truth: every event of every run, appended, checksummed and chained before it counts.</summary>
public interface IJournal
{
    /// <summary>Appends events to a run, all or none; durable when the task completes.</summary>
    /// <param name="run">The run.</param>
    /// <param name="expectedSeq">How many records the run must have now.</param>
    /// <param name="events">What happened, in order.</param>
    /// <param name="cancellationToken">Gives up before the events are handed over; never afterwards.</param>
    /// <exception cref="JournalConflictException">When the run has another number of records.</exception>
    /// <exception cref="IOException">When the disk failed or is full; nothing counts as appended.</exception>
    ValueTask<IReadOnlyList<JournalRecord>> AppendAsync(
        RunId run, long expectedSeq, IReadOnlyList<RunEvent> events, CancellationToken cancellationToken);

    /// <summary>A run's records in order; empty when there is no such run.</summary>
    /// <exception cref="InvalidDataException">When a record is damaged; the text names run, record and place.</exception>
    IReadOnlyList<JournalRecord> Read(RunId run, long fromSeq = 0);

    /// <summary>All runs, oldest first.</summary>
    IReadOnlyList<RunHead> Runs();
}
