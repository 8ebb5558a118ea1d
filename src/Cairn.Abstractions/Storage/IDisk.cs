namespace Cairn.Abstractions;

/// <summary>How a file is opened.</summary>
public enum DiskOpen
{
    /// <summary>To read; it must exist.</summary>
    Read,

    /// <summary>To read and write; it is made when it does not exist.</summary>
    ReadWrite,

    /// <summary>To write a file that must not exist.</summary>
    CreateNew,
}

/// <summary>
/// The disk as the storage engine sees it: the port that the simulator replaces to tear, lose and reorder writes.
/// Nothing is durable before <see cref="IDiskFile.Sync"/>, no name before <see cref="SyncDirectory"/>. Failures are
/// <see cref="IOException"/>s.
/// </summary>
public interface IDisk
{
    /// <summary>Opens a file.</summary>
    IDiskFile Open(string path, DiskOpen mode);

    /// <summary>True when a file of that name exists.</summary>
    bool Exists(string path);

    /// <summary>Makes a directory and its parents.</summary>
    void CreateDirectory(string path);

    /// <summary>The names of the files in a directory, sorted; empty when there is no such directory.</summary>
    IReadOnlyList<string> List(string path);

    /// <summary>Renames a file over whatever has the new name, atomically.</summary>
    void Rename(string from, string to);

    /// <summary>Removes a file; no error when there is none.</summary>
    void Delete(string path);

    /// <summary>Makes the names in a directory durable.</summary>
    void SyncDirectory(string path);

    /// <summary>Takes an exclusive lock that ends with the process; null when another process holds it.</summary>
    IDisposable? TryLock(string path);
}

/// <summary>An open file of an <see cref="IDisk"/>.</summary>
public interface IDiskFile : IDisposable
{
    /// <summary>Bytes in the file.</summary>
    long Length { get; }

    /// <summary>Reads at an offset; fewer bytes than asked only at the end of the file.</summary>
    int Read(long offset, Span<byte> buffer);

    /// <summary>Writes all bytes at an offset.</summary>
    void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Cuts or extends the file.</summary>
    void SetLength(long length);

    /// <summary>Returns when all that was written is durable (fdatasync).</summary>
    void Sync();
}
