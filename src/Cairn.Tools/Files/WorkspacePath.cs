using Cairn.Abstractions;
using Cairn.Tools.Calls;

namespace Cairn.Tools.Files;

/// <summary>
/// Paths as agents write them. What a path may reach is decided by the workspace alone; here only the ways of writing
/// the same path are made one.
/// </summary>
internal static class WorkspacePath
{
    /// <summary>The most characters of a path.</summary>
    public const int MaxLength = 4096;

    /// <summary>Relative to the root: './a', 'a/' and '/root/of/workspace/a' all mean 'a'; '.' means the root.</summary>
    public static string Of(IWorkspace workspace, string path)
    {
        if (path.Length > MaxLength || path.Contains('\0', StringComparison.Ordinal))
        {
            throw new WorkspaceException(FileProblem.NotFound, $"'{SafeText.Line(path, 80)}' cannot be a path.");
        }

        if (path == workspace.Root)
        {
            return "";
        }

        if (path.StartsWith(workspace.Root.TrimEnd('/') + "/", StringComparison.Ordinal))
        {
            path = path[(workspace.Root.TrimEnd('/').Length + 1)..];
        }

        while (path.StartsWith("./", StringComparison.Ordinal))
        {
            path = path[2..].TrimStart('/');
        }

        path = path.Length > 1 ? path.TrimEnd('/') : path;
        return path == "." ? "" : path;
    }

    /// <summary>A path for a sentence: on one line, bounded.</summary>
    public static string Shown(string path) => path.Length == 0 ? "." : SafeText.Line(path, 400);
}
