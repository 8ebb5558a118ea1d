namespace Cairn.Memory;

/// <summary>Paths as repositories write them: with slashes, from the root, without a slash before or behind.</summary>
internal static class RepositoryPath
{
    /// <summary>Where a path leads that stands in a folder; null when it leads out of the repository.</summary>
    public static string? Combine(string folder, string path)
    {
        var parts = new List<string>(folder.Split('/', StringSplitOptions.RemoveEmptyEntries));
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".." && parts.Count == 0)
            {
                return null;
            }

            if (part == "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }
}
