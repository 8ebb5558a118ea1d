using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Tools.Lsp;

namespace Cairn.Tools.Files;

/// <summary>write_file: a new file, or a whole one in place of the version that was read.</summary>
internal sealed class WriteFileTool(SeenVersions versions, EditProblems? problems) : DriverTool(
    "Files", "write_file", EffectClass.Sandboxed, TimeSpan.FromSeconds(60),
    """{"path":"src/new.py","content":"print('hello')\n","version":null}""", "fs.write")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        EditProblems.AroundAsync(problems, context, Text(arguments, "path") ?? "", () => Write(context, arguments), cancellationToken);

    private ToolResult Write(ToolContext context, JsonElement arguments) => Write(
        context,
        WorkspacePath.Of(context.Workspace, Text(arguments, "path") ?? ""),
        Text(arguments, "content") ?? "",
        Text(arguments, "version"));

    private ToolResult Write(ToolContext context, string path, string content, string? version)
    {
        var now = TryRead(context.Workspace, path);
        if (version is null && now is not null)
        {
            return StaleAnswer.Exists(now);
        }

        if (version is not null && now is null)
        {
            return StaleAnswer.Missing(path, version);
        }

        if (version is not null && !FileVersion.Is(version, now!.Version))
        {
            return StaleAnswer.Changed(versions, context.Run, now, version);
        }

        var text = now is null ? null : FileText.TryDecode(now.Content.Span);
        if (!context.Exact && text is { IsCrLf: true, IsMixed: false } && !content.Contains('\r', StringComparison.Ordinal))
        {
            content = content.Replace("\n", "\r\n", StringComparison.Ordinal);
        }

        return FileWriter.Write(context, versions, path, content, now, text?.Form ?? TextForm.Utf8, detail: "");
    }

    private static WorkspaceFile? TryRead(IWorkspace workspace, string path)
    {
        try
        {
            return workspace.Read(path, ReadFileTool.MaxFileBytes);
        }
        catch (WorkspaceException e) when (e.Problem == FileProblem.NotFound)
        {
            return null;
        }
    }
}
