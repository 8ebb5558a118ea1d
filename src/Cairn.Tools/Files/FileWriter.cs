using System.Globalization;
using Cairn.Abstractions;

namespace Cairn.Tools.Files;

/// <summary>The last step of every write: encode, compare and swap, answer.</summary>
internal static class FileWriter
{
    /// <summary>The largest file that a tool writes.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    public static ToolResult Write(
        ToolContext context, SeenVersions versions, string path, string content, WorkspaceFile? before, TextForm form, string detail)
    {
        var note = "";
        var bytes = FileText.Encode(content, form);
        if (bytes is null)
        {
            note = $"; now stored as utf-8, for {FileText.Name(form)} cannot hold the new text";
            bytes = FileText.Encode(content, TextForm.Utf8)!;
        }

        if (bytes.Length > MaxBytes)
        {
            return ToolResult.Failed($"The content has {bytes.Length:N0} bytes; at most {MaxBytes:N0} are written. Nothing was written.");
        }

        BlobHash version;
        try
        {
            version = context.Workspace.Write(path, bytes, before?.Version);
        }
        catch (WorkspaceException e) when (e.Problem == FileProblem.Changed)
        {
            // Someone else, such as a command in the background, was faster than this call.
            var now = context.Workspace.Read(path, ReadFileTool.MaxFileBytes);
            return before is null ? StaleAnswer.Exists(now) : StaleAnswer.Changed(versions, context.Run, now, before.Version.Short);
        }

        var final = before?.Path ?? path;
        versions.Add(context.Run, final, version, bytes);
        var lines = content.AsSpan().Count('\n') + (content.Length > 0 && content[^1] != '\n' ? 1 : 0);
        var what = before is null ? "written as a new file" : before.Version == version ? "is unchanged: the content is the same" : "written";
        return ToolResult.Ok(string.Create(
                CultureInfo.InvariantCulture,
                $"{WorkspacePath.Shown(final)} {what} (version {version.Short}, {lines} lines, {bytes.Length:N0} bytes{note}){detail}"))
            with
            {
                Data = context.Exact
                    ? System.Text.Json.JsonSerializer.Serialize(new WriteData(final, version, before?.Version), CairnJson.Default.WriteData)
                    : null,
                Context = new ContextReport { Files = [new FileMark(final, version) { Written = true }] },
            };
    }
}
