namespace Cairn.Bench;

/// <summary>Counts what goes to the disk.</summary>
internal sealed class CountingDisk(IDisk inner) : IDisk
{
    private long _bytes;
    private long _syncs;

    public long Bytes => Interlocked.Read(ref _bytes);

    public long Syncs => Interlocked.Read(ref _syncs);

    public IDiskFile Open(string path, DiskOpen mode) => new CountingFile(this, inner.Open(path, mode));

    public bool Exists(string path) => inner.Exists(path);

    public void CreateDirectory(string path) => inner.CreateDirectory(path);

    public IReadOnlyList<string> List(string path) => inner.List(path);

    public void Rename(string from, string to) => inner.Rename(from, to);

    public void Delete(string path) => inner.Delete(path);

    public void SyncDirectory(string path) => inner.SyncDirectory(path);

    public IDisposable? TryLock(string path) => inner.TryLock(path);

    private sealed class CountingFile(CountingDisk disk, IDiskFile inner) : IDiskFile
    {
        public long Length => inner.Length;

        public int Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            Interlocked.Add(ref disk._bytes, bytes.Length);
            inner.Write(offset, bytes);
        }

        public void SetLength(long length) => inner.SetLength(length);

        public void Sync()
        {
            Interlocked.Increment(ref disk._syncs);
            inner.Sync();
        }

        public void Dispose() => inner.Dispose();
    }
}
