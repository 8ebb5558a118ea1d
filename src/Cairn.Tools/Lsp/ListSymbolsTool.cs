using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Abstractions;
using Cairn.Tools.Files;

namespace Cairn.Tools.Lsp;

/// <summary>list_symbols: what a file declares, or where in the workspace symbols of a name are declared.</summary>
internal sealed class ListSymbolsTool(RunLanguages languages) : LspTool(
    languages, "list_symbols", EffectClass.Pure, """{"path":"src/parser.py","query":null}""", "fs.read")
{
    private const int MaxShown = 300;

    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var query = Text(arguments, "query") ?? "";
        return Text(arguments, "path") is { Length: > 0 } path
            ? AskAsync(context, path, (session, document, token) => OfDocumentAsync(context, session, document, query, token), cancellationToken)
            : OfWorkspaceAsync(context, query, cancellationToken);
    }

    private static async Task<ToolResult> OfDocumentAsync(ToolContext context, LspSession session, Shown document, string query, CancellationToken cancellationToken)
    {
        if (Unable(session, "documentSymbolProvider", "list symbols") is { } unable)
        {
            return unable;
        }

        var symbols = (await SymbolFinder.SymbolsAsync(session, document, cancellationToken)).Where(s => s.Name.Contains(query, StringComparison.OrdinalIgnoreCase)).ToList();
        var places = document.Places;
        var text = new StringBuilder();
        foreach (var symbol in symbols.Take(MaxShown))
        {
            var (first, last) = (places.Line(places.Offset(symbol.Whole.Start)), places.Line(places.Offset(symbol.Whole.End)));
            text.Append(CultureInfo.InvariantCulture, $"{new string(' ', 2 * symbol.Depth)}{symbol.Kind} {symbol.Name}, line{(first == last ? $" {first}" : $"s {first}-{last}")}\n");
        }

        var reader = new PlaceReader(session, context.Workspace);
        var uri = LspUri.Of(session.Root, document.Path);
        return ToolResult.Ok(symbols.Count == 0
            ? $"{WorkspacePath.Shown(document.Path)} declares nothing{(query.Length == 0 ? "" : " of that name")}."
            : $"{symbols.Count} symbols in {WorkspacePath.Shown(document.Path)}{(symbols.Count > MaxShown ? $", the first {MaxShown}" : "")}\n{text.ToString().TrimEnd('\n')}") with
        {
            Data = Data(
                context, reader.Data(symbols.Select(s => reader.Place(new(uri, s.At), s.Kind, s.Container.Length == 0 ? s.Name : $"{s.Container}.{s.Name}")).OfType<FoundPlace>(), true),
                CairnJson.Default.PlacesData),
        };
    }

    private async Task<ToolResult> OfWorkspaceAsync(ToolContext context, string query, CancellationToken cancellationToken)
    {
        if (query.Length == 0)
        {
            return ToolResult.Failed("Give a path to list what a file declares, or a query to look for in the whole workspace.");
        }

        var texts = new List<string>();
        var marks = new List<FileMark>();
        var found = new List<CodePlace>();
        var whole = true;
        foreach (var server in Languages.Servers)
        {
            var result = await AskAsync(
                context, server,
                async (session, token) =>
                {
                    var (text, data) = await LookAsync(context, session, query, token);
                    found.AddRange(data.Places);
                    whole &= data.Complete;
                    marks.AddRange(text.Context?.Files ?? []);
                    return text;
                },
                cancellationToken);
            texts.Add(result.Text);
            if (result.Status != ToolStatus.Ok && Languages.Servers.Length == 1)
            {
                return result;
            }
        }

        return ToolResult.Ok(string.Join("\n\n", texts)) with
        {
            Data = Data(context, new PlacesData([.. found], whole), CairnJson.Default.PlacesData),
            Context = new ContextReport { Files = [.. marks.Take(ContextReport.MaxFiles)] },
        };
    }

    private static async Task<(ToolResult Result, PlacesData Data)> LookAsync(ToolContext context, LspSession session, string query, CancellationToken cancellationToken)
    {
        if (Unable(session, "workspaceSymbolProvider", "look for symbols in the workspace") is { } unable)
        {
            return (unable, new([], false));
        }

        await ShowMentionsAsync(context, session, query, wholeWord: false, cancellationToken);
        var answer = session.Documents.Paths.Count == 0 ? default : await session.AskAsync("workspace/symbol", new JsonObject { ["query"] = query }, cancellationToken);
        var reader = new PlaceReader(session, context.Workspace);
        var places = answer.Items().Take(LspLimits.Places)
            .Where(i => i.String("name")?.Contains(query, StringComparison.OrdinalIgnoreCase) == true)
            .SelectMany(i => LspJson.Locations(i.Get("location")).Select(l => reader.Place(l, SymbolFinder.KindOf(i.Int("kind")), i.String("name"))))
            .OfType<FoundPlace>().Where(p => p.Offset >= 0).Distinct().ToList();
        var (text, marks, complete) = reader.Show(places, 0, MaxShown);
        var head = places.Count == 0
            ? $"{session.Server.Name} knows no symbol of the workspace that contains {SafeText.Line(query, 200)}."
            : $"{places.Count} symbols contain {SafeText.Line(query, 200)} ({session.Server.Name}{(complete ? "" : "; not all are shown")})\n{text}";
        return (ToolResult.Ok(head) with { Context = new ContextReport { Files = marks } }, reader.Data(places, complete));
    }
}
