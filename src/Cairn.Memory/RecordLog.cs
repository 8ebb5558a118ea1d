using System.Buffers.Binary;
using System.Numerics;
using Cairn.Abstractions;

namespace Cairn.Memory;

/// <summary>
/// A file of records, each behind the other with its length and checksum. A record that a crash tore off at the end is
/// dropped; damage elsewhere is found and named, and whoever owns the log decides what becomes of it.
/// </summary>
internal sealed class RecordLog : IDisposable
{
    /// <summary>The most bytes of a record.</summary>
    public const int MaxRecord = 64 << 20;

    private const int HeaderSize = 8;

    private readonly IDisk _disk;
    private readonly string _path;
    private IDiskFile _file;
    private long _end;

    private RecordLog(IDisk disk, string path, IDiskFile file)
    {
        (_disk, _path, _file) = (disk, path, file);
    }

    /// <summary>Bytes of all records.</summary>
    public long Length => _end;

    /// <summary>Where the log was damaged, with whole records behind; null when it was not.</summary>
    public long? DamagedAt { get; private set; }

    /// <summary>Opens a log, makes it when there is none, and reads it.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="path">The file.</param>
    /// <param name="read">Takes each record in order.</param>
    public static RecordLog Open(IDisk disk, string path, Action<ReadOnlyMemory<byte>> read)
    {
        disk.CreateDirectory(Path.GetDirectoryName(path)!);
        disk.Delete(path + ".new");
        var isNew = !disk.Exists(path);
        var log = new RecordLog(disk, path, disk.Open(path, DiskOpen.ReadWrite));
        if (isNew)
        {
            disk.SyncDirectory(Path.GetDirectoryName(path)!);
        }

        log.Read(read);
        return log;
    }

    /// <summary>Appends records; they are durable when it returns.</summary>
    public void Append(IEnumerable<ReadOnlyMemory<byte>> records)
    {
        _end = Write(_file, _end, records);
        _file.Sync();
    }

    /// <summary>Puts other records in the place of all that are there, at once: a crash leaves the old or the new.</summary>
    public void Replace(IEnumerable<ReadOnlyMemory<byte>> records)
    {
        var scratch = _path + ".new";
        _disk.Delete(scratch);
        var file = _disk.Open(scratch, DiskOpen.CreateNew);
        var end = Write(file, 0, records);
        file.Sync();
        _disk.Rename(scratch, _path);
        _disk.SyncDirectory(Path.GetDirectoryName(_path)!);
        _file.Dispose();
        (_file, _end, DamagedAt) = (file, end, null);
    }

    public void Dispose() => _file.Dispose();

    private static long Write(IDiskFile file, long at, IEnumerable<ReadOnlyMemory<byte>> records)
    {
        foreach (var record in records)
        {
            var bytes = new byte[HeaderSize + record.Length];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, record.Length);
            record.Span.CopyTo(bytes.AsSpan(HeaderSize));
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Checksum(record.Span));
            file.Write(at, bytes);
            at += bytes.Length;
        }

        return at;
    }

    private void Read(Action<ReadOnlyMemory<byte>> read)
    {
        var header = new byte[HeaderSize];
        var length = _file.Length;
        while (_end + HeaderSize <= length)
        {
            if (TryRead(_end, length, header) is not { } record)
            {
                break;
            }

            read(record);
            _end += HeaderSize + record.Length;
        }

        if (_end < length)
        {
            DamagedAt = HasRecordBehind(_end, length, header) ? _end : null;
            _file.SetLength(_end);
            _file.Sync();
        }
    }

    private byte[]? TryRead(long at, long length, byte[] header)
    {
        _file.Read(at, header);
        var size = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (size is <= 0 or > MaxRecord || at + HeaderSize + size > length)
        {
            return null;
        }

        var record = new byte[size];
        _file.Read(at + HeaderSize, record);
        return Checksum(record) == BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4)) ? record : null;
    }

    // What a crash tears is the end. A record whose length still holds and that has a good one behind it was damaged.
    private bool HasRecordBehind(long at, long length, byte[] header)
    {
        _file.Read(at, header);
        var size = BinaryPrimitives.ReadInt32LittleEndian(header);
        return size is > 0 and <= MaxRecord && at + (2 * HeaderSize) + size < length && TryRead(at + HeaderSize + size, length, header) is not null;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = ~(uint)bytes.Length;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }
}
