using Cairn.Abstractions;

namespace Cairn.Host.Simulation;

/// <summary>A disk that does not keep what it promises.</summary>
internal sealed class LyingDisk(IDisk disk, Plant plant) : IDisk
{
    public IDiskFile Open(string path, DiskOpen mode) => new File(disk.Open(path, mode), plant);

    public bool Exists(string path) => disk.Exists(path);

    public void CreateDirectory(string path) => disk.CreateDirectory(path);

    public IReadOnlyList<string> List(string path) => disk.List(path);

    public void Rename(string from, string to) => disk.Rename(from, to);

    public void Delete(string path) => disk.Delete(path);

    public void SyncDirectory(string path)
    {
        if (plant != Plant.DirectorySyncSkipped)
        {
            disk.SyncDirectory(path);
        }
    }

    public IDisposable? TryLock(string path) => disk.TryLock(path);

    private sealed class File(IDiskFile file, Plant plant) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(long offset, Span<byte> buffer) => file.Read(offset, buffer);

        public void Write(long offset, ReadOnlySpan<byte> bytes) => file.Write(offset, bytes);

        public void SetLength(long length) => file.SetLength(length);

        public void Sync()
        {
            if (plant == Plant.SyncSkipped)
            {
                return;
            }

            try
            {
                file.Sync();
            }
            catch (IOException) when (plant == Plant.SyncErrorIgnored)
            {
            }
        }

        public void Dispose() => file.Dispose();
    }
}
