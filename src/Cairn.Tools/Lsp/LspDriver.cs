using Cairn.Abstractions;

namespace Cairn.Tools.Lsp;

/// <summary>The driver of language servers: what the code means, asked of programs that run in the sandbox.</summary>
internal static class LspDriver
{
    /// <summary>The names of its tools, which a run has only with language servers.</summary>
    public static readonly string[] Names =
        ["find_references", "inspect_symbol", "list_symbols", "diagnostics", "rename_symbol", "code_actions", "apply_code_action"];

    public static IEnumerable<ITool> Tools(RunLanguages languages) =>
    [
        new FindReferencesTool(languages), new InspectSymbolTool(languages), new ListSymbolsTool(languages), new DiagnosticsTool(languages),
        new RenameSymbolTool(languages), new CodeActionsTool(languages), new ApplyCodeActionTool(languages),
    ];
}
