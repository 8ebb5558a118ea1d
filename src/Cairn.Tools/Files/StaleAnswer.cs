using Cairn.Abstractions;

namespace Cairn.Tools.Files;

/// <summary>The answer to a write that was based on another version than the one that is there.</summary>
internal static class StaleAnswer
{
    private const int MaxDiffLines = 200;

    public static ToolResult Changed(SeenVersions versions, RunId run, WorkspaceFile now, string given)
    {
        var start = $"{WorkspacePath.Shown(now.Path)} is no longer at version {given}: it is now at {now.Version.Short}. Nothing was written.";
        var before = versions.Find(run, now.Path, given) is { } old ? FileText.TryDecode(old) : null;
        var after = FileText.TryDecode(now.Content.Span);
        versions.Add(run, now);
        return new ToolResult(ToolStatus.Conflict, before is null || after is null
            ? $"{start} The older version is not known any more: read the file again, then edit with its version."
            : $"{start} What changed since:\n{UnifiedDiff.Between(before.Text, after.Text, MaxDiffLines)}\n"
                + $"If your change still fits, make it again with version {now.Version.Short}.");
    }

    public static ToolResult Exists(WorkspaceFile now) => new(
        ToolStatus.Conflict,
        $"{WorkspacePath.Shown(now.Path)} exists already (version {now.Version.Short}). Nothing was written. "
        + "Read it first; to replace it give that version, to change parts of it use edit_file.");

    public static ToolResult Missing(string path, string given) => new(
        ToolStatus.Conflict,
        $"{WorkspacePath.Shown(path)} does not exist (any more), so it is not at version {given}. Nothing was written. "
        + "To make it as a new file use write_file with version null.");
}
