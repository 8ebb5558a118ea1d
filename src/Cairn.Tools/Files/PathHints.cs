using Cairn.Abstractions;
using Cairn.Tools.Calls;

namespace Cairn.Tools.Files;

/// <summary>Turns a file problem into an answer that helps: a path that does not exist is answered with those that do.</summary>
internal static class PathHints
{
    private const int MaxVisited = 5000;
    private const int MaxHints = 5;

    public static string Explain(IWorkspace workspace, string? asked, WorkspaceException problem)
    {
        if (problem.Problem != FileProblem.NotFound || asked is null)
        {
            return problem.Message;
        }

        try
        {
            var near = Nearest(workspace, WorkspacePath.Of(workspace, asked));
            return near.Count == 0
                ? problem.Message
                : $"{problem.Message} What exists: {string.Join(", ", near.Select(WorkspacePath.Shown))}";
        }
        catch (WorkspaceException)
        {
            return problem.Message;
        }
    }

    private static IReadOnlyList<string> Nearest(IWorkspace workspace, string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        var found = new List<(string Path, double Score)>();
        var queue = new Queue<string>([""]);
        var visited = 0;
        while (queue.TryDequeue(out var directory) && visited < MaxVisited)
        {
            foreach (var entry in TryList(workspace, directory))
            {
                visited++;
                var own = entry.Path[(entry.Path.LastIndexOf('/') + 1)..];
                if (own == ".git")
                {
                    continue;
                }

                if (entry.Kind == EntryKind.Directory && !ListFilesTool.Generated.Contains(own))
                {
                    queue.Enqueue(entry.Path);
                }

                var score = Math.Max(Similar.Score(path, entry.Path), 0.95 * Similar.Score(name, own));
                if (score >= 0.5)
                {
                    found.Add((entry.Path, score));
                }
            }
        }

        return [.. found.OrderByDescending(f => f.Score).ThenBy(f => f.Path, StringComparer.Ordinal).Take(MaxHints).Select(f => f.Path)];
    }

    private static IReadOnlyList<WorkspaceEntry> TryList(IWorkspace workspace, string directory)
    {
        try
        {
            return workspace.List(directory);
        }
        catch (WorkspaceException)
        {
            return [];
        }
    }
}
