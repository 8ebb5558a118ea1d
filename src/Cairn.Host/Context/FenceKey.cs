using System.Security.Cryptography;
using Cairn.Abstractions;

namespace Cairn.Host;

/// <summary>
/// The secret of a state directory that the marks of frames are derived from. It leaves the directory in no prompt and no
/// sandbox. Losing it harms nothing: runs hold what theirs were made with.
/// </summary>
internal static class FenceKey
{
    private const string Name = "fence.key";

    /// <summary>A new secret.</summary>
    public static BlobHash Random() => BlobHash.Of(RandomNumberGenerator.GetBytes(BlobHash.Size));

    /// <summary>The directory's secret; it is made when there is none, or none that is whole.</summary>
    public static BlobHash Of(string stateDirectory)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("Cairn keeps its state on Linux.");
        }

        var path = Path.Combine(stateDirectory, Name);
        if (Read(path) is { } known)
        {
            return known;
        }

        var made = Random();
        var next = $"{path}.{Environment.ProcessId}";
        using (var file = new FileStream(next, new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            Span<byte> bytes = stackalloc byte[BlobHash.Size];
            made.CopyTo(bytes);
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        File.Move(next, path, overwrite: true);
        return Read(path) ?? made;
    }

    private static BlobHash? Read(string path)
    {
        try
        {
            var bytes = File.ReadAllBytes(path);
            return bytes.Length == BlobHash.Size ? BlobHash.FromBytes(bytes) : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
