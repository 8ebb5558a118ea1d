using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Cairn.Storage;

/// <summary>
/// The records that will become durable together, laid out as they will lie on disk. Filled under the queue's lock; not
/// changed any more once its writer has taken it.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A JSON writer over a buffer writer holds nothing to release.")]
internal sealed class CommitBatch : IBufferWriter<byte>
{
    private const int StartBytes = 64 * 1024;
    private const int KeepBytes = 4 * 1024 * 1024;

    private readonly Utf8JsonWriter _json;
    private byte[] _buffer = new byte[StartBytes];
    private TaskCompletionSource? _done;
    private TaskCompletionSource? _lead;

    public CommitBatch() => _json = new(this, new JsonWriterOptions { SkipValidation = true });

    public readonly record struct EventEntry(RunState Run, int Offset, long Time, BlobHash Chain);

    public readonly record struct BlobEntry(BlobHash Hash, int Offset, int Length);

    public List<EventEntry> Events { get; } = [];

    public List<BlobEntry> Blobs { get; } = [];

    /// <summary>Bytes with the commit header.</summary>
    public int Length { get; private set; } = CommitHeader.Bytes;

    public int Records { get; private set; }

    /// <summary>Who waits for another one to write this batch; 0 lets the batch be used again.</summary>
    public int Followers { get; private set; }

    /// <summary>A run ends in this batch.</summary>
    public bool EndsRun { get; private set; }

    public Exception? Error { get; private set; }

    public bool Completed { get; private set; }

    public Memory<byte> Bytes => _buffer.AsMemory(0, Length);

    /// <summary>Completes when the batch is durable or failed; look at <see cref="Error"/> then.</summary>
    public Task Done => (_done ??= NewSource()).Task;

    /// <summary>Completes when the first follower is to write the batch itself.</summary>
    public Task Lead => (_lead ??= NewSource()).Task;

    public int AddFollower()
    {
        _ = Done;
        _ = Lead;
        return Followers++;
    }

    public void HandOver() => _lead?.TrySetResult();

    public void Complete(Exception? error)
    {
        Error = error;
        Completed = true;
        _done?.TrySetResult();
        _lead?.TrySetResult();
    }

    /// <summary>Adds an event; returns its chain value.</summary>
    /// <exception cref="ArgumentException">When it is too large. The batch is as before.</exception>
    public BlobHash AddEvent(RunState run, long seq, long time, BlobHash previous, RunEvent item)
    {
        var start = Length;
        try
        {
            Advance(RecordView.HeaderBytes, RecordView.HeaderBytes);
            _json.Reset(this);
            JsonSerializer.Serialize(_json, item, CairnJson.Default.RunEvent);
            _json.Flush();
            if (Length - start - RecordView.HeaderBytes > RecordView.MaxPayloadBytes)
            {
                throw new ArgumentException(
                    $"An event of {Length - start:N0} bytes is too large for the journal (at most {RecordView.MaxPayloadBytes:N0}); bodies belong into the blob store.", nameof(item));
            }
        }
        catch
        {
            Length = start;
            throw;
        }

        var chain = previous;
        Seal(start, RecordKind.Event, run.Key, seq, time, ref chain);
        Events.Add(new(run, start, time, chain));
        EndsRun |= item is RunEnded;
        return chain;
    }

    public void AddBlob(BlobHash hash, ReadOnlySpan<byte> body)
    {
        var start = Length;
        Advance(RecordView.HeaderBytes, RecordView.HeaderBytes + body.Length);
        body.CopyTo(GetSpan(body.Length));
        Length += body.Length;
        Seal(start, RecordKind.Blob, UInt128.Zero, 0, 0, ref hash);
        Blobs.Add(new(hash, start, body.Length));
    }

    /// <summary>The body of a blob that waits in this batch.</summary>
    public ReadOnlySpan<byte> Body(BlobEntry blob) => _buffer.AsSpan(blob.Offset + RecordView.HeaderBytes, blob.Length);

    /// <summary>Takes back the events from the given one on; nothing was added behind them.</summary>
    public void Undo(int events)
    {
        if (events < Events.Count)
        {
            Length = Events[events].Offset;
            Records -= Events.Count - events;
            Events.RemoveRange(events, Events.Count - events);
        }
    }

    /// <summary>Writes the header and gives the bytes to write to the log.</summary>
    public ReadOnlySpan<byte> Finish(ulong salt, long offset, ulong number)
    {
        var crc = uint.MaxValue;
        for (var at = CommitHeader.Bytes; at < Length;)
        {
            _ = RecordView.TryReadLength(_buffer.AsSpan(at), out var length);
            crc = Crc32C.Add(crc, _buffer.AsSpan(at, sizeof(uint)));
            at += RecordView.Pad(length);
        }

        new CommitHeader(RecordView.CurrentFormat, salt, offset, number, Length - CommitHeader.Bytes, Records, ~crc).Write(_buffer);
        return _buffer.AsSpan(0, Length);
    }

    /// <summary>Makes the batch empty again; only when nobody else has it.</summary>
    public void Reset()
    {
        if (_buffer.Length > KeepBytes)
        {
            _buffer = new byte[StartBytes];
        }

        Length = CommitHeader.Bytes;
        Records = 0;
        Events.Clear();
        Blobs.Clear();
        Completed = EndsRun = false;
        Error = null;
        _done = _lead = null;
        Followers = 0;
    }

    void IBufferWriter<byte>.Advance(int count) => Length += count;

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint)
    {
        Reserve(Math.Max(sizeHint, 256));
        return _buffer.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 256));
        return _buffer.AsSpan(Length);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Advance(int count, int reserve)
    {
        Reserve(reserve);
        Length += count;
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length - Length < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(Length + bytes, (int)Math.Min(_buffer.Length * 2L, Array.MaxLength)));
        }
    }

    private void Seal(int start, RecordKind kind, UInt128 run, long seq, long time, ref BlobHash chain)
    {
        RecordView.Write(_buffer.AsSpan(start, Length - start), kind, run, seq, time, ref chain);
        var padding = RecordView.Pad(Length - start) - (Length - start);
        Reserve(padding);
        _buffer.AsSpan(Length, padding).Clear();
        Length += padding;
        Records++;
    }
}
