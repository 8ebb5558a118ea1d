using System.Security.Cryptography;
using System.Text;

namespace Cairn.Cli.Demo;

/// <summary>One hash over a directory tree: names, kinds, permission bits, contents and link targets.</summary>
internal static class WorkspaceHash
{
    public static string Of(string root)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var entry in new DirectoryInfo(root).EnumerateFileSystemInfos("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Where(e => !e.FullName.Contains("/.git/", StringComparison.Ordinal))
            .OrderBy(e => e.FullName, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{Path.GetRelativePath(root, entry.FullName)}\0{(int)entry.UnixFileMode}\0{entry.LinkTarget}\0"));
            if (entry is FileInfo { LinkTarget: null } file)
            {
                hash.AppendData(SHA256.HashData(File.ReadAllBytes(file.FullName)));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
