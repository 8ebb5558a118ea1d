using System.Text.Json;
using Cairn.Abstractions;
using Cairn.Tools.Files;

namespace Cairn.Tools.Lsp;

/// <summary>diagnostics: all that a language server finds wrong in a file.</summary>
internal sealed class DiagnosticsTool(RunLanguages languages) : LspTool(
    languages, "diagnostics", EffectClass.Pure, """{"path":"src/parser.py"}""", "fs.read")
{
    private const int MaxShown = 100;

    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) => AskAsync(
        context, Text(arguments, "path"),
        async (session, document, token) =>
        {
            var problems = await CodeProblems.FindAsync(session, document, token);
            var found = problems.Problems;
            return ToolResult.Ok(found.Length == 0
                ? $"{session.Server.Name} finds nothing wrong in {WorkspacePath.Shown(document.Path)}."
                : $"{session.Server.Name} finds in {WorkspacePath.Shown(document.Path)}{(found.Length > MaxShown ? $" {found.Length} problems, here the worst" : "")}:\n{CodeProblems.Text(found, MaxShown)}") with
            {
                Data = Data(context, problems, CairnJson.Default.ProblemsData),
            };
        },
        cancellationToken);
}
