using System.Collections.Immutable;
using System.Text;
using Cairn.Abstractions;
using Cairn.Tools.Custom;

namespace Cairn.Host;

/// <summary>
/// The tools that a repository brings along, in `.cairn/tools/*.json`. Their names and descriptions go into the prompt and were
/// written by whoever wrote the repository, so they are read only when the user says so.
/// </summary>
internal static class RepositoryTools
{
    public const string Directory = ".cairn/tools";
    private const int MaxTools = 64;

    /// <exception cref="UserException">When one of them cannot be used.</exception>
    public static ImmutableArray<ToolManifest> Read(IWorkspace workspace)
    {
        if (workspace.Stat(Directory) is not { Kind: EntryKind.Directory })
        {
            return [];
        }

        var files = workspace.List(Directory).Where(e => e.Kind == EntryKind.File && e.Path.EndsWith(".json", StringComparison.Ordinal)).ToList();
        return files.Count > MaxTools
            ? throw new UserException($"{Directory} has {files.Count} manifests; at most {MaxTools} are taken.")
            : [.. files.Select(f => Read(workspace, f.Path))];
    }

    private static ToolManifest Read(IWorkspace workspace, string path)
    {
        try
        {
            var text = Encoding.UTF8.GetString(workspace.Read(path, ManifestFile.MaxBytes).Content.Span);
            return ManifestFile.Parse(text, path, null, $"{workspace.Root}/{Directory}");
        }
        catch (Exception e) when (e is ManifestException or WorkspaceException)
        {
            throw new UserException(e.Message, e);
        }
    }
}
