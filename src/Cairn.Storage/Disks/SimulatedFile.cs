namespace Cairn.Storage;

/// <summary>An open file of a <see cref="SimulatedDisk"/>.</summary>
internal sealed class SimulatedFile(SimulatedDisk disk, SimulatedContent content, string path, bool writable) : IDiskFile
{
    private bool _disposed;

    public long Length => disk.Looking(() => Open().Length);

    public int Read(long offset, Span<byte> buffer)
    {
        disk.ThrowIfCrashed();
        lock (disk)
        {
            return Open().Read(offset, buffer);
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        lock (disk)
        {
            var target = Writable();
            switch (disk.Begin("write", path))
            {
                case SimulatedDisk.Fate.Crash:
                    target.Write(offset, bytes);
                    throw disk.Die();
                case SimulatedDisk.Fate.InputOutput:
                    throw SimulatedDisk.Error(DiskErrors.InputOutput, "write", path);
                case SimulatedDisk.Fate.NoSpace:
                    target.Write(offset, bytes[..disk.Roll(bytes.Length + 1)]);
                    throw SimulatedDisk.Error(DiskErrors.NoSpace, "write", path);
                default:
                    target.Write(offset, bytes);
                    break;
            }
        }
    }

    public void SetLength(long length) => Change("truncate", target => target.SetLength(length), target => target.SetLength(length));

    public void Sync()
    {
        lock (disk)
        {
            var target = Writable();
            switch (disk.Begin("fdatasync", path))
            {
                case SimulatedDisk.Fate.Crash:
                    throw disk.Die();
                case SimulatedDisk.Fate.Fine:
                    target.Sync();
                    break;
                case var fate:
                    disk.LoseSync(target);
                    throw SimulatedDisk.Error(fate == SimulatedDisk.Fate.NoSpace ? DiskErrors.NoSpace : DiskErrors.InputOutput, "fdatasync", path);
            }
        }
    }

    public void Dispose() => _disposed = true;

    private void Change(string operation, Action<SimulatedContent> change, Action<SimulatedContent> beforeCrash)
    {
        lock (disk)
        {
            var target = Writable();
            switch (disk.Begin(operation, path))
            {
                case SimulatedDisk.Fate.Crash:
                    beforeCrash(target);
                    throw disk.Die();
                case SimulatedDisk.Fate.Fine:
                    change(target);
                    break;
                case var fate:
                    throw SimulatedDisk.Error(fate == SimulatedDisk.Fate.NoSpace ? DiskErrors.NoSpace : DiskErrors.InputOutput, operation, path);
            }
        }
    }

    private SimulatedContent Open()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return content;
    }

    private SimulatedContent Writable()
    {
        disk.ThrowIfCrashed();
        return writable ? Open() : throw new IOException($"{path} is open to read only.");
    }
}
