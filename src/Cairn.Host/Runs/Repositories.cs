namespace Cairn.Host;

/// <summary>The repository that a user names.</summary>
internal static class Repositories
{
    /// <summary>The absolute path of a repository.</summary>
    /// <exception cref="UserException">When the path is not one; the text says what to do.</exception>
    public static string Check(string path)
    {
        var full = Path.GetFullPath(path).TrimEnd('/');
        full = full.Length == 0 ? "/" : full;
        if (!Directory.Exists(full))
        {
            throw new UserException($"There is no directory {full}: give the path of a repository with --repo.");
        }

        // The sandbox shows the repository at its real place, so links on the way are resolved once, here.
        full = new DirectoryInfo(full).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? full;
        if (!Path.Exists(Path.Combine(full, ".git")))
        {
            var root = Root(full);
            throw new UserException(root is null
                ? $"{full} is not a git repository: run `git init` there first, or give another path with --repo."
                : $"{full} lies inside the repository {root}: give that path with --repo.");
        }

        return full;
    }

    private static string? Root(string path)
    {
        for (var at = Path.GetDirectoryName(path); at is not null; at = Path.GetDirectoryName(at))
        {
            if (Path.Exists(Path.Combine(at, ".git")))
            {
                return at;
            }
        }

        return null;
    }
}
