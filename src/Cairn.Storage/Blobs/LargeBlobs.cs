using System.Globalization;

namespace Cairn.Storage;

/// <summary>
/// Bodies that are too large for the log, each in a file named by its hash. A put is durable when it returns: written
/// beside, synced, renamed, directory synced.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="layout">Where the files are.</param>
/// <param name="time">The clock.</param>
/// <param name="maxRemembered">How many bodies it remembers to be durable; the others are looked at again when they are put again.</param>
internal sealed class LargeBlobs(IDisk disk, StateLayout layout, TimeProvider? time = null, int maxRemembered = LargeBlobs.MaxRemembered)
{
    /// <summary>Some megabytes of memory, and 16 GB of bodies at least.</summary>
    public const int MaxRemembered = 65_536;

    private readonly Lock _gate = new();
    private readonly Dictionary<BlobHash, long> _durable = [];
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly HashSet<string> _directories = new(StringComparer.Ordinal);
    private long _forgot = long.MinValue;
    private long _scratch;

    /// <summary>How many bodies it remembers now.</summary>
    public int Remembered
    {
        get
        {
            lock (_gate)
            {
                return _durable.Count;
            }
        }
    }

    /// <summary>Removes what a crash left half written; only the one writer may.</summary>
    public void Sweep()
    {
        foreach (var name in disk.List(layout.BlobScratch))
        {
            disk.Delete(Path.Combine(layout.BlobScratch, name));
        }
    }

    public void Put(BlobHash hash, ReadOnlySpan<byte> body)
    {
        lock (_gate)
        {
            if (_durable.ContainsKey(hash))
            {
                _durable[hash] = _time.GetTimestamp();
                return;
            }

            var directory = layout.BlobDirectory(hash);
            if (_directories.Add(directory))
            {
                try
                {
                    disk.CreateDirectory(directory);
                    disk.SyncDirectory(layout.Blobs);
                }
                catch
                {
                    _directories.Remove(directory);
                    throw;
                }
            }

            if (!Stored(hash, body.Length))
            {
                Write(hash, body);
            }

            // Also for a file that was there: a process that died may have renamed it without this.
            disk.SyncDirectory(directory);
            if (_durable.Count >= maxRemembered)
            {
                _durable.Clear();
                _forgot = _time.GetTimestamp();
            }

            _durable[hash] = _time.GetTimestamp();
        }
    }

    /// <summary>Removes the files that are not live and were not put since a time; returns how many they are, and their bytes.</summary>
    public (long Count, long Bytes) Collect(Func<BlobHash, bool> isLive, long since, bool dryRun, CancellationToken cancellationToken)
    {
        var (count, total) = (0L, 0L);
        for (var first = 0; first < 256; first++)
        {
            foreach (var name in disk.List(Path.Combine(layout.Blobs, first.ToString("x2", CultureInfo.InvariantCulture))))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (BlobHash.TryParse(name, out var hash) && !isLive(hash) && TryRemove(hash, since, dryRun) is { } bytes)
                {
                    (count, total) = (count + 1, total + bytes);
                }
            }
        }

        return (count, total);
    }

    public byte[]? TryGet(BlobHash hash)
    {
        var path = layout.Blob(hash);
        if (!disk.Exists(path))
        {
            return null;
        }

        using var file = disk.Open(path, DiskOpen.Read);
        var body = new byte[file.Length];
        return file.Read(0, body) == body.Length && BlobHash.Of(body) == hash
            ? body
            : throw new InvalidDataException($"The body {hash} is damaged: the bytes of {path} have another hash.");
    }

    private long? TryRemove(BlobHash hash, long since, bool dryRun)
    {
        var path = layout.Blob(hash);
        lock (_gate)
        {
            // What was forgotten since then may have been put since then: it is left to the next collection.
            if (_forgot >= since || (_durable.TryGetValue(hash, out var put) && put >= since))
            {
                return null;
            }

            long bytes;
            using (var file = disk.Open(path, DiskOpen.Read))
            {
                bytes = file.Length;
            }

            if (!dryRun)
            {
                // First: if the delete fails half way, the next put looks at the disk again.
                _durable.Remove(hash);
                disk.Delete(path);
            }

            return bytes;
        }
    }

    // A file that is there but not whole (a damaged disk) is written again.
    private bool Stored(BlobHash hash, int length)
    {
        try
        {
            return TryGet(hash)?.Length == length;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private void Write(BlobHash hash, ReadOnlySpan<byte> body)
    {
        var scratch = Path.Combine(layout.BlobScratch, $"{_scratch++}");
        try
        {
            using (var file = disk.Open(scratch, DiskOpen.ReadWrite))
            {
                file.SetLength(0);
                file.Write(0, body);
                file.Sync();
            }

            disk.Rename(scratch, layout.Blob(hash));
        }
        catch (IOException)
        {
            TryDelete(scratch);
            throw;
        }
    }

    private void TryDelete(string scratch)
    {
        try
        {
            disk.Delete(scratch);
        }
        catch (IOException)
        {
            // The next open sweeps it.
        }
    }
}
