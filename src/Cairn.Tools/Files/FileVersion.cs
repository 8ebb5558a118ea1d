using Cairn.Abstractions;

namespace Cairn.Tools.Files;

/// <summary>Versions as agents write them: the first 12 or more digits of the hash.</summary>
internal static class FileVersion
{
    /// <summary>The fewest digits that name a version: 48 bits, not to be hit by chance.</summary>
    public const int MinDigits = 12;

    public static bool Is(string given, BlobHash actual) =>
        given.Length >= MinDigits && actual.Value.StartsWith(given, StringComparison.OrdinalIgnoreCase);
}
