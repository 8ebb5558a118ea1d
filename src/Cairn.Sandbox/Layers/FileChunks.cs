using Cairn.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Cairn.Sandbox.Layers;

/// <summary>
/// Large files in the body store: cut where their own bytes say so, so that a version that differs in one place shares all
/// other pieces with the one before.
/// </summary>
internal static class FileChunks
{
    private const int Least = 64 * 1024;
    private const int Most = 1024 * 1024;

    /// <summary>A cut follows where these bits of the rolling sum are zero: one place in 256 K on average.</summary>
    private const ulong CutMask = ((1UL << 18) - 1) << 46;

    private static readonly ulong[] Gear = MakeGear();

    /// <summary>Puts a file's pieces; the hashes in order.</summary>
    public static List<BlobHash> Put(SafeFileHandle file, IBlobStore blobs, CancellationToken cancellationToken)
    {
        var hashes = new List<BlobHash>();
        var buffer = new byte[Most];
        var filled = 0;
        for (long at = 0; ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int n;
            while (filled < buffer.Length && (n = RandomAccess.Read(file, buffer.AsSpan(filled), at + filled)) > 0)
            {
                filled += n;
            }

            if (filled == 0)
            {
                return hashes;
            }

            var cut = Cut(buffer.AsSpan(0, filled));
            hashes.Add(blobs.Put(buffer.AsSpan(0, cut)));
            buffer.AsSpan(cut, filled - cut).CopyTo(buffer);
            (at, filled) = (at + cut, filled - cut);
        }
    }

    /// <summary>Writes the pieces one behind the other.</summary>
    public static void Write(SafeFileHandle file, IEnumerable<BlobHash> chunks, IBlobStore blobs)
    {
        long at = 0;
        foreach (var hash in chunks)
        {
            var bytes = blobs.Get(hash);
            RandomAccess.Write(file, bytes, at);
            at += bytes.Length;
        }
    }

    private static int Cut(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        for (var i = Math.Min(Least, bytes.Length); i < bytes.Length; i++)
        {
            sum = (sum << 1) + Gear[bytes[i]];
            if ((sum & CutMask) == 0)
            {
                return i + 1;
            }
        }

        return bytes.Length;
    }

    private static ulong[] MakeGear()
    {
        var gear = new ulong[256];
        var seed = 0x9E3779B97F4A7C15UL;
        for (var i = 0; i < gear.Length; i++)
        {
            // SplitMix64: any fixed table does, as long as it never changes.
            var z = seed += 0x9E3779B97F4A7C15UL;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            gear[i] = z ^ (z >> 31);
        }

        return gear;
    }
}
