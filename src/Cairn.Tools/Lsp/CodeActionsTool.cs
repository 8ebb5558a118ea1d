using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Abstractions;
using Cairn.Tools.Files;

namespace Cairn.Tools.Lsp;

/// <summary>code_actions: what a language server offers to do at a line.</summary>
internal sealed class CodeActionsTool(RunLanguages languages) : LspTool(
    languages, "code_actions", EffectClass.Pure, """{"path":"src/parser.ts","line":12}""", "fs.read")
{
    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken) => AskAsync(
        context, Text(arguments, "path"),
        async (session, document, token) =>
        {
            if (Unable(session, "codeActionProvider", "offer actions") is { } unable)
            {
                return unable;
            }

            var offers = await CodeActionOffer.ListAsync(session, document, Number(arguments, "line") ?? 1, token);
            return ToolResult.Ok(offers.Count == 0
                ? $"{session.Server.Name} offers nothing at that line of {WorkspacePath.Shown(document.Path)}."
                : $"{session.Server.Name} offers:\n{string.Join('\n', offers.Select(o => $"- {o.Title}{(o.Kind.Length == 0 ? "" : $" ({o.Kind})")}"))}\napply_code_action carries one out, by its title.");
        },
        cancellationToken);
}

/// <summary>apply_code_action: carries out what a language server offered, in all files or in none.</summary>
internal sealed class ApplyCodeActionTool(RunLanguages languages) : LspTool(
    languages, "apply_code_action", EffectClass.Sandboxed, """{"path":"src/parser.ts","line":12,"title":"Add missing import"}""", "fs.read", "fs.write")
{
    protected override async Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var title = Text(arguments, "title") ?? "";
        EditPlan? plan = null;
        var asked = await AskAsync(
            context, Text(arguments, "path"),
            async (session, document, token) =>
            {
                var offers = await CodeActionOffer.ListAsync(session, document, Number(arguments, "line") ?? 1, token);
                if (offers.FirstOrDefault(o => o.Title == title) is not { } offer)
                {
                    return ToolResult.Failed($"{session.Server.Name} does not offer that here. It offers: {string.Join("; ", offers.Select(o => o.Title))}");
                }

                var action = offer.Action;
                if (action.Get("edit").ValueKind != JsonValueKind.Object && session.Capabilities.Get("codeActionProvider").Has("resolveProvider"))
                {
                    action = await session.AskAsync("codeAction/resolve", JsonNode.Parse(action.GetRawText()), token);
                }

                if (action.Get("edit").ValueKind != JsonValueKind.Object)
                {
                    return ToolResult.Failed($"{session.Server.Name} would carry that out by a command of its own, which is not done from here.");
                }

                (plan, var problem) = EditPlan.Read(session, context.Workspace, action.Get("edit"), null);
                return problem ?? ToolResult.Ok("");
            },
            cancellationToken);
        return plan is null || asked.Status != ToolStatus.Ok ? asked : plan.Write(context, $"{SafeText.Line(title, 200)}: done");
    }
}

/// <summary>Something that a server offers to do.</summary>
/// <param name="Title">What it is called.</param>
/// <param name="Kind">quickfix, refactor.extract, …; "" when the server does not tell.</param>
/// <param name="Action">The offer as it was sent.</param>
internal sealed record CodeActionOffer(string Title, string Kind, JsonElement Action)
{
    private const int MaxOffers = 50;
    private const int MaxText = 300;

    private static readonly TimeSpan FindingsWait = TimeSpan.FromSeconds(5);

    /// <summary>What is offered at a line, from 1, of a document.</summary>
    public static async Task<List<CodeActionOffer>> ListAsync(LspSession session, Shown document, int line, CancellationToken cancellationToken)
    {
        var (start, end) = document.Places.Bounds(Math.Clamp(line, 1, document.Places.LineCount));
        var found = await FindingsAsync(session, document, cancellationToken);
        var here = found.Where(d => document.Places.Offset(d.Range.Start) <= end && document.Places.Offset(d.Range.End) >= start).ToList();
        var places = here.Count > 0 ? here.Select(d => d.Range) : [new LspRange(document.Places.Position(start), document.Places.Position(end))];
        var offers = new List<CodeActionOffer>();
        foreach (var range in places.Distinct().Take(MaxOffers))
        {
            var answer = await session.AskAsync(
                "textDocument/codeAction",
                new JsonObject
                {
                    ["textDocument"] = LspJson.Document(LspUri.Of(session.Root, document.Path)),
                    ["range"] = LspJson.Of(range),
                    ["context"] = new JsonObject { ["diagnostics"] = new JsonArray([.. here.Where(d => d.Range == range).Select(d => JsonNode.Parse(d.Raw.GetRawText()))]) },
                },
                cancellationToken);
            offers.AddRange(answer.Items().Where(i => i.String("title") is not null && i.Get("disabled").ValueKind != JsonValueKind.Object)
                .Select(i => new CodeActionOffer(SafeText.Line(i.String("title")!, MaxText), SafeText.Line(i.String("kind") ?? "", MaxText), i)));
        }

        return [.. offers.DistinctBy(o => o.Title).Take(MaxOffers)];
    }

    /// <summary>Fixes are offered for findings, so those must be there; a server that finds nothing in time offers the rest.</summary>
    private static async Task<IReadOnlyList<LspDiagnostic>> FindingsAsync(LspSession session, Shown document, CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(FindingsWait);
        try
        {
            return await session.Diagnostics.WaitAsync(document.Path, document.Version, document.Sequence, late.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return session.Diagnostics.Last(document.Path) ?? [];
        }
    }
}
