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

    public CommitBatch() => _json = new(this, new JsonWriterOptions { SkipValidation = true });

    public readonly record struct EventEntry(RunState Run, int Offset, long Time, BlobHash Chain);

    public readonly record struct BlobEntry(BlobHash Hash, int Offset, int Length);

    public List<EventEntry> Events { get; } = [];

    public List<BlobEntry> Blobs { get; } = [];

    /// <summary>Bytes with the commit header.</summary>
    public int Length { get; private set; } = CommitHeader.Bytes;

    public int Records { get; private set; }

    /// <summary>For those who wait.</summary>
    public CommitSignal Signal { get; private set; } = new();

    /// <summary>The runs that end in this batch.</summary>
    public List<RunState> Ended { get; } = [];

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
        if (item is RunEnded)
        {
            Ended.Add(run);
        }

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
            Ended.RemoveAll(run => !Events.Exists(e => e.Run == run));
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

    /// <summary>Makes the batch empty again, once its commit has ended.</summary>
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
        Ended.Clear();
        if (Signal.Followers > 0 || Signal.Error is not null)
        {
            Signal = new();
        }
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
