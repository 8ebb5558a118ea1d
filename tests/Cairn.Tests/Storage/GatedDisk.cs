using System.Diagnostics.CodeAnalysis;

namespace Cairn.Tests.Storage;

/// <summary>A disk whose next sync waits for the test, so that a test can be in the middle of a commit without sleeping.</summary>
internal sealed class GatedDisk(IDisk inner) : IDisk
{
    private Gate? _gate;
    private int _syncs;

    public int Syncs => _syncs;

    public Gate HoldNextSync(bool fail = false) => _gate = new(fail);

    public IDiskFile Open(string path, DiskOpen mode) => new GatedFile(this, inner.Open(path, mode));

    public bool Exists(string path) => inner.Exists(path);

    public void CreateDirectory(string path) => inner.CreateDirectory(path);

    public IReadOnlyList<string> List(string path) => inner.List(path);

    public void Rename(string from, string to) => inner.Rename(from, to);

    public void Delete(string path) => inner.Delete(path);

    public void SyncDirectory(string path) => inner.SyncDirectory(path);

    public IDisposable? TryLock(string path) => inner.TryLock(path);

    [SuppressMessage("Design", "CA1001", Justification = "Two events that live as long as the test.")]
    internal sealed class Gate(bool fail)
    {
        private readonly ManualResetEventSlim _held = new();
        private readonly ManualResetEventSlim _released = new();

        public bool Fail { get; } = fail;

        public void WaitUntilHeld() => Assert.True(_held.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));

        public void Release() => _released.Set();

        public void Pass()
        {
            _held.Set();
            Assert.True(_released.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        }
    }

    private sealed class GatedFile(GatedDisk disk, IDiskFile inner) : IDiskFile
    {
        public long Length => inner.Length;

        public int Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

        public void Write(long offset, ReadOnlySpan<byte> bytes) => inner.Write(offset, bytes);

        public void SetLength(long length) => inner.SetLength(length);

        public void Sync()
        {
            Interlocked.Increment(ref disk._syncs);
            if (Interlocked.Exchange(ref disk._gate, null) is { } gate)
            {
                gate.Pass();
                if (gate.Fail)
                {
                    throw new IOException("The sync failed.", 5);
                }
            }

            inner.Sync();
        }

        public void Dispose() => inner.Dispose();
    }
}
