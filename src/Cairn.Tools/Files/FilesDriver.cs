using Cairn.Abstractions;
using Cairn.Tools.Lsp;

namespace Cairn.Tools.Files;

/// <summary>The driver of files: versions on every read, compare-and-swap on every write.</summary>
internal static class FilesDriver
{
    /// <param name="problems">Tells what an edit broke; null when nobody can.</param>
    public static IEnumerable<ITool> Tools(EditProblems? problems)
    {
        var versions = new SeenVersions();
        return [new ReadFileTool(versions), new WriteFileTool(versions, problems), new EditFileTool(versions, problems), new ListFilesTool()];
    }
}
