using System.Diagnostics.CodeAnalysis;

namespace Cairn.Storage;

/// <summary>
/// Group commit without a thread of its own. Whoever appends while nobody writes, writes everything that waits and syncs
/// once, on its own thread and at once; who comes meanwhile waits, and the first of those writes the next batch when its
/// turn comes. A synchronous <see cref="Flush"/> waits for nobody's turn.
/// </summary>
internal sealed class CommitQueue(string directory, LogIndex index, LogWriter writer, TimeProvider time, StateStoreOptions options)
{
    /// <summary>How often the next writer lets others go first, at most, so that they join its batch.</summary>
    private const int MaxTurns = 64;

    private const int MaxSpares = 2;

    private readonly object _gate = new();
    private readonly Stack<CommitBatch> _spares = new(MaxSpares);
    private readonly Dictionary<BlobHash, (CommitBatch Batch, CommitBatch.BlobEntry Entry)> _waitingBlobs = [];
    private CommitBatch? _pending;
    private bool _writing;
    private bool _handedOver;
    private int _lastAppends;
    private Exception? _failure;

    /// <summary>Guards the index.</summary>
    public object Gate => _gate;

    /// <summary>Why no more can be appended; null while all is well.</summary>
    public Exception? Failure => _failure;

    /// <summary>Called by the one who wrote a batch, before the next one may: the place for what must not race with commits.</summary>
    public Action<CommitBatch, bool>? Committed { get; set; }

    public ValueTask<IReadOnlyList<JournalRecord>> AppendAsync(
        RunId run, long expectedSeq, IReadOnlyList<RunEvent> events, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        CommitBatch batch;
        JournalRecord[] records;
        lock (_gate)
        {
            ThrowIfUnusable();
            if ((_writing || _handedOver) && _pending is { } full && full.Length >= options.MaxPendingBytes)
            {
                return AppendLaterAsync(full.Signal, full.Signal.AddFollower(), run, expectedSeq, events, cancellationToken);
            }

            batch = _pending ??= NewBatch();
            records = Stage(batch, run, expectedSeq, events);
            if (records.Length == 0)
            {
                return new(records);
            }

            if (_writing || _handedOver)
            {
                return FollowAsync(batch.Signal, batch.Signal.AddFollower(), records);
            }

            if (_lastAppends > 1)
            {
                // The last commit was a group's, whose others will be here in a moment.
                _handedOver = true;
                var owner = batch.Signal.AddFollower();
                batch.Signal.HandOver();
                return FollowAsync(batch.Signal, owner, records);
            }

            Take(batch);
        }

        Commit(batch);
        return new(records);
    }

    /// <summary>Lets a body go with the next commit.</summary>
    public void PutBlob(BlobHash hash, ReadOnlySpan<byte> body)
    {
        while (true)
        {
            lock (_gate)
            {
                ThrowIfUnusable();
                if (index.Reuse(hash) || _waitingBlobs.ContainsKey(hash))
                {
                    return;
                }

                if ((_pending?.Length ?? 0) < options.MaxPendingBytes)
                {
                    AddBlob(_pending ??= NewBatch(), hash, body);
                    return;
                }
            }

            Flush();
        }
    }

    /// <summary>A body that is not durable yet; null when it does not wait here.</summary>
    public byte[]? WaitingBlob(BlobHash hash)
    {
        lock (_gate)
        {
            return _waitingBlobs.TryGetValue(hash, out var found) ? found.Batch.Body(found.Entry).ToArray() : null;
        }
    }

    /// <summary>Returns when all that waited is durable.</summary>
    public void Flush()
    {
        CommitBatch batch;
        lock (_gate)
        {
            // Not handed over to anybody: a synchronous caller must not depend on someone else's continuation.
            while (_writing)
            {
                Monitor.Wait(_gate);
            }

            ThrowIfUnusable();
            if (_pending is not { Records: > 0 })
            {
                return;
            }

            batch = _pending;
            Take(batch);
        }

        Commit(batch);
    }

    /// <summary>Runs something while nobody writes and nobody can begin to.</summary>
    public void WhileIdle(Action action)
    {
        lock (_gate)
        {
            while (_writing)
            {
                Monitor.Wait(_gate);
            }

            action();
        }
    }

    /// <summary>No more appends.</summary>
    public void Close(Exception reason)
    {
        lock (_gate)
        {
            _failure ??= reason;
        }
    }

    private async ValueTask<IReadOnlyList<JournalRecord>> AppendLaterAsync(
        CommitSignal full, bool owner, RunId run, long expectedSeq, IReadOnlyList<RunEvent> events, CancellationToken cancellationToken)
    {
        try
        {
            // As one of its followers: a batch of nothing but bodies has nobody else who would write it.
            await FollowAsync(full, owner, []);
        }
        catch (IOException)
        {
            // Its own appends are told; this one is not in it.
        }

        return await AppendAsync(run, expectedSeq, events, cancellationToken);
    }

    private async ValueTask<IReadOnlyList<JournalRecord>> FollowAsync(CommitSignal signal, bool owner, JournalRecord[] records)
    {
        if (owner)
        {
            await signal.Lead;
            for (var turn = 0; turn < MaxTurns && IsGathering(signal); turn++)
            {
                await Task.Yield();
            }

            if (TakeIfWaiting(signal) is { } batch)
            {
                Commit(batch);
                return records;
            }
        }

        await signal.Done;
        return signal.Error is null ? records : throw Explain(signal.Error);
    }

    // Those whose batch has just ended are about to append again: after a few turns they are in this batch, not in the next
    // one. Without it two halves of the runs would take turns, each sync serving one half.
    private bool IsGathering(CommitSignal signal)
    {
        lock (_gate)
        {
            return _pending is { } batch && batch.Signal == signal && signal.Followers < _lastAppends;
        }
    }

    // Null when a flush came by in the meantime and wrote it.
    private CommitBatch? TakeIfWaiting(CommitSignal signal)
    {
        lock (_gate)
        {
            if (_pending is not { } batch || batch.Signal != signal || _writing)
            {
                return null;
            }

            Take(batch);
            return batch;
        }
    }

    private JournalRecord[] Stage(CommitBatch batch, RunId run, long expectedSeq, IReadOnlyList<RunEvent> events)
    {
        var state = index.FindOrAdd(run, RecordView.KeyOf(run));
        var mark = batch.Events.Count;
        try
        {
            if (state.TailCount != expectedSeq)
            {
                throw new JournalConflictException(
                    $"The run {run} has {state.TailCount} records, the append expected {expectedSeq}: another one appended first.");
            }

            var at = LogTime.Of(time.GetUtcNow());
            var chain = state.TailChain;
            var records = new JournalRecord[events.Count];
            for (var i = 0; i < records.Length; i++)
            {
                chain = batch.AddEvent(state, expectedSeq + i, at, chain, events[i]);
                records[i] = new(run, expectedSeq + i, LogTime.From(at), events[i], chain);
            }

            (state.TailCount, state.TailChain) = (expectedSeq + records.Length, chain);
            return records;
        }
        catch
        {
            batch.Undo(mark);
            if (state.TailCount == 0)
            {
                index.DropIfEmpty(state);
            }

            throw;
        }
    }

    private void Take(CommitBatch batch) => (_pending, _writing, _handedOver) = (null, true, false);

    [SuppressMessage("Design", "CA1031", Justification = "Whatever happens, those who wait must be told and the lead passed on.")]
    private void Commit(CommitBatch batch)
    {
        Exception? error = null;
        var rolled = false;
        try
        {
            var place = writer.Write(batch, out rolled);
            lock (_gate)
            {
                Publish(batch, place);
            }
        }
        catch (Exception e)
        {
            error = e;
            lock (_gate)
            {
                Fail(batch, e);
            }
        }

        batch.Signal.Complete(error);
        try
        {
            if (error is null)
            {
                Committed?.Invoke(batch, rolled);
            }
        }
        catch (Exception e)
        {
            Close(e);
            throw;
        }
        finally
        {
            PassOn(batch);
        }

        if (error is not null)
        {
            throw Explain(error);
        }
    }

    private void PassOn(CommitBatch batch)
    {
        CommitBatch? next;
        var signal = batch.Signal;
        lock (_gate)
        {
            _writing = false;
            next = _pending;
            _handedOver = next is { Signal.Followers: > 0 };

            // All who just heard of this commit, and those who came meanwhile, may be in the next one.
            _lastAppends = Math.Max(1, signal.Followers) + (next?.Signal.Followers ?? 0);
            batch.Reset();
            if (_spares.Count < MaxSpares)
            {
                _spares.Push(batch);
            }

            Monitor.PulseAll(_gate);
        }

        next?.Signal.HandOver();
    }

    private void Publish(CommitBatch batch, LogPlace place)
    {
        foreach (var item in batch.Events)
        {
            index.AddEvent(item.Run, new(place.Segment, place.Offset + item.Offset), item.Time, item.Chain);
        }

        foreach (var blob in batch.Blobs)
        {
            index.AddBlob(blob.Hash, new(place.Segment, place.Offset + blob.Offset));
            _waitingBlobs.Remove(blob.Hash);
        }
    }

    // What waits behind the failed batch was built on it, so it fails as well. Bodies were promised to be durable with the
    // next append that succeeds: they go into the next batch.
    private void Fail(CommitBatch batch, Exception error)
    {
        var behind = _pending;
        _pending = null;
        foreach (var failed in behind is null ? [batch] : new[] { batch, behind })
        {
            foreach (var item in failed.Events)
            {
                item.Run.ResetTail();
                index.DropIfEmpty(item.Run);
            }
        }

        if (writer.Broken || error is not IOException)
        {
            _failure = error;
        }
        else
        {
            foreach (var failed in behind is null ? [batch] : new[] { batch, behind })
            {
                foreach (var blob in failed.Blobs)
                {
                    AddBlob(_pending ??= NewBatch(), blob.Hash, failed.Body(blob));
                }
            }
        }

        behind?.Signal.Complete(error);
    }

    private void AddBlob(CommitBatch batch, BlobHash hash, ReadOnlySpan<byte> body)
    {
        batch.AddBlob(hash, body);
        _waitingBlobs[hash] = (batch, batch.Blobs[^1]);
    }

    private CommitBatch NewBatch() => _spares.TryPop(out var spare) ? spare : new();

    private void ThrowIfUnusable()
    {
        if (_failure is ObjectDisposedException or SimulatedCrashException)
        {
            throw _failure;
        }

        if (_failure is not null)
        {
            throw new IOException(
                $"The state directory {directory} takes no more records since its disk failed ({_failure.Message}) It must be opened again: restart Cairn once the disk is well.",
                _failure) { HResult = _failure.HResult };
        }
    }

    private Exception Explain(Exception error) => error is IOException ? DiskErrors.Explain(directory, error) : error;
}
