using Cairn.Abstractions;

namespace Cairn.Sandbox.Layers;

/// <summary>Where a path leads.</summary>
/// <param name="Path">The path with links and ".." resolved; what is missing stays as it was written.</param>
/// <param name="Entry">The entry; null when there is none.</param>
/// <param name="Parent">The deepest directory on the way that exists.</param>
/// <param name="Blocked">A part in the middle is no directory.</param>
internal sealed record Resolution(string Path, Found? Entry, Found Parent, bool Blocked);

/// <summary>Resolves paths part by part within a view. Nothing that leads out of the root is ever followed.</summary>
internal sealed class PathResolver(MergedView view, string root)
{
    /// <summary>The most links followed for one path, as in the kernel.</summary>
    public const int MaxLinks = 40;

    /// <summary>The most characters of a path.</summary>
    public const int MaxPath = 4096;

    /// <exception cref="WorkspaceException"><see cref="FileProblem.Outside"/> when the path leads out of the root.</exception>
    public Resolution Resolve(string path, bool followLast)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!FileNames.IsPath(path) || path.Length > MaxPath)
        {
            throw new WorkspaceException(FileProblem.NotFound, "No path can hold a NUL or more than 4096 characters.");
        }

        var pending = new Stack<string>();
        var directories = new List<Found> { view.Root() };
        Push(pending, Relative(path, path));
        for (var links = 0; Next(pending) is { } name;)
        {
            var here = directories[^1];
            if (name == "..")
            {
                if (directories.Count == 1)
                {
                    throw Outside(path);
                }

                directories.RemoveAt(directories.Count - 1);
                continue;
            }

            var last = pending.Count == 0;
            var entry = view.Look(here, name);
            if (entry is null)
            {
                return Missing(path, here, name, pending);
            }

            if (entry.Stat.Kind == EntryKind.Link && (followLast || !last))
            {
                if (++links > MaxLinks)
                {
                    throw new WorkspaceException(FileProblem.WrongKind, $"'{path}' has more than {MaxLinks} symbolic links in a row.");
                }

                var target = view.ReadLink(entry);
                if (target.StartsWith('/'))
                {
                    directories.RemoveRange(1, directories.Count - 1);
                }

                Push(pending, Relative(target, path));
                continue;
            }

            if (entry.Stat.Kind == EntryKind.Directory)
            {
                directories.Add(entry);
            }
            else
            {
                return new(entry.Path, last ? entry : null, here, !last);
            }
        }

        var end = directories[^1];
        return new(end.Path, end, directories.Count > 1 ? directories[^2] : end, false);
    }

    private static Resolution Missing(string path, Found here, string name, Stack<string> pending)
    {
        var full = FileNames.Join(here.Path, name);
        while (Next(pending) is { } more)
        {
            if (more == "..")
            {
                throw new WorkspaceException(FileProblem.NotFound, $"'{path}' goes through '{full}', which does not exist.");
            }

            full = FileNames.Join(full, more);
        }

        return new(full, null, here, false);
    }

    private static string? Next(Stack<string> pending) => pending.TryPop(out var name) ? name : null;

    private static void Push(Stack<string> pending, string path)
    {
        foreach (var part in path.Split('/').Reverse())
        {
            if (part.Length > 0 && part != ".")
            {
                pending.Push(part);
            }
        }
    }

    /// <summary>An absolute path counts when it lies under the root: a command sees the workspace at the same place.</summary>
    private string Relative(string path, string asked) =>
        !path.StartsWith('/') ? path
        : path == root ? ""
        : path.StartsWith(root + "/", StringComparison.Ordinal) ? path[(root.Length + 1)..]
        : throw Outside(asked);

    private static WorkspaceException Outside(string path) => new(
        FileProblem.Outside, $"'{path}' leads out of the workspace. Name a path relative to its root, without '..' or links that leave it.");
}
