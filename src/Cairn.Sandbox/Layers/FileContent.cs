using System.Security.Cryptography;
using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>Reads and hashes files through handles.</summary>
internal static class FileContent
{
    private const int BlockBytes = 128 * 1024;

    /// <summary>Reads all of a file, at most <paramref name="maxBytes"/>.</summary>
    public static byte[] ReadAll(SafeFileHandle file, string path, long maxBytes)
    {
        var length = RandomAccess.GetLength(file);
        if (length > maxBytes || length > Array.MaxLength)
        {
            throw new WorkspaceException(FileProblem.TooLarge, $"'{path}' has {length} bytes, the limit is {maxBytes}.");
        }

        var bytes = new byte[length];
        var at = 0;
        while (at < bytes.Length)
        {
            var n = RandomAccess.Read(file, bytes.AsSpan(at), at);
            if (n == 0)
            {
                return bytes[..at];
            }

            at += n;
        }

        return bytes;
    }

    /// <summary>Hashes a file block by block.</summary>
    public static BlobHash Hash(SafeFileHandle file)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = System.Buffers.ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            long at = 0;
            int n;
            while ((n = RandomAccess.Read(file, block, at)) > 0)
            {
                sha.AppendData(block, 0, n);
                at += n;
            }

            return BlobHash.FromBytes(sha.GetHashAndReset());
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(block);
        }
    }

    public static BlobHash HashOfLink(string target) => BlobHash.Of(FileNames.Encode(target).AsSpan()[..^1]);

    /// <summary>Copies the rest of a file into another, both from the start.</summary>
    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> content) => RandomAccess.Write(file, content, 0);

    /// <summary>
    /// Has the disk begin with a file's bytes, which are not waited for. Where each sync waits for the file system's journal, the first one
    /// then takes along what others would have waited for. Only a hint: what makes the file durable is its sync.
    /// </summary>
    public static void BeginToWrite(SafeFileHandle file) => _ = LinuxCalls.SyncRange(file, 0, 0, LinuxCalls.BeginWriting);
}
