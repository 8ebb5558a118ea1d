using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Tools.Lsp;

namespace Cairn.Tools.Files;

/// <summary>edit_file: replacements against the version that was read, all of them or none.</summary>
internal sealed class EditFileTool(SeenVersions versions, EditProblems? problems) : DriverTool(
    "Files", "edit_file", EffectClass.Sandboxed, TimeSpan.FromSeconds(60),
    """{"path":"src/app.py","version":"3f2a9c0d1b7e","edits":[{"old":"return a - b","new":"return a + b","replace_all":false}]}""", "fs.write")
{
    private const int MaxDiffLines = 80;

    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) =>
        EditProblems.AroundAsync(problems, context, Text(arguments, "path") ?? "", () => Edit(context, arguments), cancellationToken);

    private ToolResult Edit(ToolContext context, JsonElement arguments)
    {
        var path = WorkspacePath.Of(context.Workspace, Text(arguments, "path") ?? "");
        var version = Text(arguments, "version") ?? "";
        if (context.Workspace.Stat(path) is null)
        {
            return StaleAnswer.Missing(path, version) is var missing && versions.Find(context.Run, path, version) is not null
                ? missing
                : throw new WorkspaceException(FileProblem.NotFound, $"{WorkspacePath.Shown(path)} does not exist.");
        }

        var file = context.Workspace.Read(path, ReadFileTool.MaxFileBytes);
        if (!FileVersion.Is(version, file.Version))
        {
            return StaleAnswer.Changed(versions, context.Run, file, version);
        }

        if (FileText.TryDecode(file.Content.Span) is not { } text)
        {
            return ToolResult.Failed($"{WorkspacePath.Shown(path)} is binary; it cannot be edited as text. Nothing was written.");
        }

        var result = text.Text;
        var at = 0;
        foreach (var edit in arguments.GetProperty("edits").EnumerateArray())
        {
            at++;
            var replacement = new Replacement(
                Text(edit, "old") ?? "", Text(edit, "new") ?? "", Flag(edit, "replace_all"), Adapt: !context.Exact);
            var (changed, problem) = replacement.ApplyTo(result, text.IsCrLf);
            if (changed is null)
            {
                return ToolResult.Failed($"Edit {at} of {WorkspacePath.Shown(path)} was not possible: {problem}\nNothing was written.");
            }

            result = changed;
        }

        return FileWriter.Write(
            context, versions, path, result, file, text.Form, "\n" + UnifiedDiff.Between(text.Text, result, MaxDiffLines));
    }
}
