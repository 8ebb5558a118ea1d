using System.Globalization;
using System.Text.Json;
using Cairn.Abstractions;

namespace Cairn.Tools.Lsp;

/// <summary>rename_symbol: a symbol gets another name wherever it is used, in all files or in none.</summary>
internal sealed class RenameSymbolTool(RunLanguages languages) : LspTool(
    languages, "rename_symbol", EffectClass.Sandboxed, """{"symbol":"Order.total","path":"src/orders.py","line":null,"new_name":"sum"}""", "fs.read", "fs.write")
{
    private const int MaxName = 256;

    protected override async Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var (symbol, wanted) = (Text(arguments, "symbol") ?? "", Text(arguments, "new_name") ?? "");
        if (wanted.Length is 0 or > MaxName || wanted.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            return ToolResult.Failed("The new name must be one word.");
        }

        // The server is only asked within the lease, so that asking again after it died changes nothing twice.
        EditPlan? plan = null;
        var asked = await AskAsync(
            context, Text(arguments, "path"),
            (session, document, token) => Unable(session, "renameProvider", "rename") is { } unable
                ? Task.FromResult(unable)
                : AtAsync(
                    session, document, symbol, Number(arguments, "line"),
                    async at =>
                    {
                        (plan, var problem) = await PlanAsync(context, session, document, symbol, wanted, at, token);
                        return problem ?? ToolResult.Ok("");
                    },
                    token),
            cancellationToken);
        return plan is null || asked.Status != ToolStatus.Ok ? asked
            : plan.Changes == 0 ? ToolResult.Failed($"There is nothing to rename: no place was named for {SafeText.Line(symbol, 200)}.")
            : plan.Write(context, string.Create(CultureInfo.InvariantCulture, $"{SafeText.Line(symbol, 200)} is now {SafeText.Line(wanted, 200)}: {plan.Changes} places in {plan.Files.Length} files"));
    }

    private static async Task<(EditPlan?, ToolResult?)> PlanAsync(
        ToolContext context, LspSession session, Shown document, string symbol, string wanted, LspPosition at, CancellationToken cancellationToken)
    {
        var name = symbol[(symbol.LastIndexOfAny(['.', ':', '#']) + 1)..];
        await ShowMentionsAsync(context, session, name, wholeWord: true, cancellationToken);
        var question = LspJson.At(LspUri.Of(session.Root, document.Path), at);
        question["newName"] = wanted;
        return EditPlan.Read(session, context.Workspace, await session.AskAsync("textDocument/rename", question, cancellationToken), name);
    }
}
