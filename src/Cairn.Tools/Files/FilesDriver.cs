using Cairn.Abstractions;

namespace Cairn.Tools.Files;

/// <summary>The driver of files: versions on every read, compare-and-swap on every write.</summary>
internal static class FilesDriver
{
    public static IEnumerable<ITool> Tools()
    {
        var versions = new SeenVersions();
        return [new ReadFileTool(versions), new WriteFileTool(versions), new EditFileTool(versions), new ListFilesTool()];
    }
}
