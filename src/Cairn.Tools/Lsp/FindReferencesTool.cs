using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Abstractions;

namespace Cairn.Tools.Lsp;

/// <summary>find_references: where a symbol is used, and how.</summary>
internal sealed class FindReferencesTool(RunLanguages languages) : LspTool(
    languages, "find_references", EffectClass.Pure, """{"symbol":"Order.total","path":"orders.py","line":null,"context_lines":1,"max_results":null}""", "fs.read")
{
    private const int DefaultResults = 100;
    private const int HighlightedFiles = 24;

    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var symbol = Text(arguments, "symbol") ?? "";
        return AskAsync(
            context, Text(arguments, "path"),
            (session, document, token) => Unable(session, "referencesProvider", "find references") is { } unable
                ? Task.FromResult(unable)
                : AtAsync(session, document, symbol, Number(arguments, "line"), at => FindAsync(context, arguments, session, document, at, token), token),
            cancellationToken);
    }

    private static async Task<ToolResult> FindAsync(
        ToolContext context, JsonElement arguments, LspSession session, Shown document, LspPosition at, CancellationToken cancellationToken)
    {
        var symbol = Text(arguments, "symbol")!;
        var name = symbol[(symbol.LastIndexOfAny(['.', ':', '#']) + 1)..];
        await ShowMentionsAsync(context, session, name, wholeWord: true, cancellationToken);
        var question = LspJson.At(LspUri.Of(session.Root, document.Path), at);
        question["context"] = new JsonObject { ["includeDeclaration"] = true };
        var answer = await session.AskAsync("textDocument/references", question, cancellationToken);
        var reader = new PlaceReader(session, context.Workspace);
        var found = LspJson.Locations(answer).Distinct().ToList();
        var kinds = await KindsAsync(context, session, document, at, found, cancellationToken);
        var places = found.Select(f => reader.Place(f, kinds.GetValueOrDefault((LspUri.Path(session.Root, f.Uri) ?? "", f.Range.Start), "use"))).OfType<FoundPlace>().ToList();
        var most = context.Exact ? LspLimits.Places : Number(arguments, "max_results") ?? DefaultResults;
        var (text, marks, complete) = reader.Show(places, Number(arguments, "context_lines") ?? 1, most);
        var files = places.Select(p => p.Path).Distinct(StringComparer.Ordinal).Count();
        var head = places.Count == 0 ? $"{session.Server.Name} knows no use of {SafeText.Line(symbol, 200)}"
            : string.Create(CultureInfo.InvariantCulture, $"{places.Count} places in {files} {(files == 1 ? "file" : "files")} name {SafeText.Line(symbol, 200)} ({session.Server.Name}{(complete ? "" : "; not all are shown")})\n{text}");
        return ToolResult.Ok(head) with
        {
            Data = Data(context, reader.Data(places, complete && found.Count < LspLimits.Places), CairnJson.Default.PlacesData),
            Context = new ContextReport { Files = marks },
        };
    }

    /// <summary>How each place uses the symbol, where the server tells: it does so file by file.</summary>
    private static async Task<Dictionary<(string Path, LspPosition At), string>> KindsAsync(
        ToolContext context, LspSession session, Shown document, LspPosition at, List<LspLocation> found, CancellationToken cancellationToken)
    {
        var kinds = new Dictionary<(string, LspPosition), string>();
        if (session.Capabilities.Has("documentHighlightProvider"))
        {
            foreach (var (path, first) in found.Select(f => (Path: LspUri.Path(session.Root, f.Uri), f.Range.Start)).Where(f => f.Path is not null && LspUri.IsInside(f.Path))
                .GroupBy(f => f.Path!).Select(g => (g.Key, g.First().Start)).Take(HighlightedFiles))
            {
                await HighlightAsync(context, session, path, first, kinds, cancellationToken);
            }
        }

        if (session.Capabilities.Has("definitionProvider"))
        {
            foreach (var location in LspJson.Locations(await session.AskAsync("textDocument/definition", LspJson.At(LspUri.Of(session.Root, document.Path), at), cancellationToken)))
            {
                kinds[(LspUri.Path(session.Root, location.Uri) ?? "", location.Range.Start)] = "declaration";
            }
        }

        return kinds;
    }

    private static async Task HighlightAsync(
        ToolContext context, LspSession session, string path, LspPosition at, Dictionary<(string, LspPosition), string> kinds, CancellationToken cancellationToken)
    {
        if (session.Documents.Show(context.Workspace, path) is null)
        {
            return;
        }

        try
        {
            foreach (var item in (await session.AskAsync("textDocument/documentHighlight", LspJson.At(LspUri.Of(session.Root, path), at), cancellationToken)).Items().Take(LspLimits.Places))
            {
                if (LspJson.Range(item.Get("range")) is { } range && item.Int("kind") is { } kind and (2 or 3))
                {
                    kinds[(path, range.Start)] = kind == 2 ? "read" : "write";
                }
            }
        }
        catch (LspRefusal)
        {
            // Then it does not tell.
        }
    }
}
