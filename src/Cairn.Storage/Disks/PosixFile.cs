using Microsoft.Win32.SafeHandles;

namespace Cairn.Storage;

/// <summary>An open file of the machine's own disk.</summary>
internal sealed class PosixFile(string path, SafeFileHandle handle) : IDiskFile
{
    public long Length => RandomAccess.GetLength(handle);

    public int Read(long offset, Span<byte> buffer)
    {
        var done = 0;
        while (done < buffer.Length)
        {
            var count = RandomAccess.Read(handle, buffer[done..], offset + done);
            if (count == 0)
            {
                break;
            }

            done += count;
        }

        return done;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(handle, bytes, offset);

    public void SetLength(long length) => RandomAccess.SetLength(handle, length);

    public void Sync() => PosixCalls.DataSync(handle, path);

    public void Dispose() => handle.Dispose();
}
