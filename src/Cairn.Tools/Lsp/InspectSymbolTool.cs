using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Abstractions;

namespace Cairn.Tools.Lsp;

/// <summary>inspect_symbol: what a symbol is, where it is defined or implemented, who calls it and what it calls.</summary>
internal sealed class InspectSymbolTool(RunLanguages languages) : LspTool(
    languages, "inspect_symbol", EffectClass.Pure, """{"symbol":"parse","path":"src/parser.py","line":12,"what":"definition"}""", "fs.read")
{
    private const int MaxHover = 8 * 1024;
    private const int MaxPlaces = 50;
    private const int Around = 3;

    protected override Task<ToolResult> RunAsync(ToolContext context, JsonElement arguments, CancellationToken cancellationToken)
    {
        var symbol = Text(arguments, "symbol") ?? "";
        return AskAsync(
            context, Text(arguments, "path"),
            (session, document, token) => AtAsync(session, document, symbol, Number(arguments, "line"), at => InspectAsync(context, arguments, session, document, at, token), token),
            cancellationToken);
    }

    private static async Task<ToolResult> InspectAsync(
        ToolContext context, JsonElement arguments, LspSession session, Shown document, LspPosition at, CancellationToken cancellationToken)
    {
        var symbol = SafeText.Line(Text(arguments, "symbol") ?? "", 200);
        var question = LspJson.At(LspUri.Of(session.Root, document.Path), at);
        return Text(arguments, "what") switch
        {
            "hover" => Unable(session, "hoverProvider", "describe symbols") ?? Hover(symbol, await session.AskAsync("textDocument/hover", question, cancellationToken)),
            "type_definition" => Unable(session, "typeDefinitionProvider", "find the definition of a type")
                ?? Places(context, session, $"the type of {symbol}", LspJson.Locations(await session.AskAsync("textDocument/typeDefinition", question, cancellationToken))),
            "implementation" => Unable(session, "implementationProvider", "find implementations")
                ?? Places(context, session, $"an implementation of {symbol}", LspJson.Locations(await session.AskAsync("textDocument/implementation", question, cancellationToken))),
            "callers" => await CallsAsync(context, session, symbol, question, incoming: true, cancellationToken),
            "callees" => await CallsAsync(context, session, symbol, question, incoming: false, cancellationToken),
            _ => Unable(session, "definitionProvider", "find definitions")
                ?? Places(context, session, $"a definition of {symbol}", LspJson.Locations(await session.AskAsync("textDocument/definition", question, cancellationToken))),
        };
    }

    private static ToolResult Hover(string symbol, JsonElement answer) =>
        LspJson.Markup(answer.Get("contents")).Trim() is { Length: > 0 } text
            ? ToolResult.Ok(SafeText.ForModel(text, MaxHover))
            : ToolResult.Ok($"Nothing is known of {symbol}.");

    private static ToolResult Places(ToolContext context, LspSession session, string what, IEnumerable<LspLocation> locations)
    {
        var reader = new PlaceReader(session, context.Workspace);
        return Answer(context, session, reader, what, [.. locations.Distinct().Select(l => reader.Place(l, "")).OfType<FoundPlace>()]);
    }

    private static async Task<ToolResult> CallsAsync(
        ToolContext context, LspSession session, string symbol, JsonObject question, bool incoming, CancellationToken cancellationToken)
    {
        if (Unable(session, "callHierarchyProvider", "follow calls") is { } unable)
        {
            return unable;
        }

        if (incoming)
        {
            await ShowMentionsAsync(context, session, symbol[(symbol.LastIndexOf('.') + 1)..], wholeWord: true, cancellationToken);
        }

        var items = await session.AskAsync("textDocument/prepareCallHierarchy", question, cancellationToken);
        if (items.Items().FirstOrDefault() is not { ValueKind: JsonValueKind.Object } item)
        {
            return ToolResult.Ok($"{session.Server.Name} sees no function in {symbol}.");
        }

        var calls = await session.AskAsync(
            incoming ? "callHierarchy/incomingCalls" : "callHierarchy/outgoingCalls", new JsonObject { ["item"] = JsonNode.Parse(item.GetRawText()) }, cancellationToken);
        var reader = new PlaceReader(session, context.Workspace);
        var places = calls.Items().Take(LspLimits.Places).SelectMany(call => Calls(reader, call, incoming)).Distinct().ToList();
        return Answer(context, session, reader, incoming ? $"a call of {symbol}" : $"a function that {symbol} calls", places);
    }

    /// <summary>Incoming: where in each caller it is called. Outgoing: what is called.</summary>
    private static IEnumerable<FoundPlace> Calls(PlaceReader reader, JsonElement call, bool incoming)
    {
        var other = call.Get(incoming ? "from" : "to");
        if (other.String("uri") is not { } uri || LspJson.Range(other.Get("selectionRange")) is not { } own)
        {
            return [];
        }

        var name = other.String("name") ?? "";
        return incoming
            ? call.Get("fromRanges").Items().Take(MaxPlaces).Select(r => LspJson.Range(r)).OfType<LspRange>()
                .Select(r => reader.Place(new(uri, r), "call", $"in {name}")).OfType<FoundPlace>()
            : reader.Place(new(uri, own), SymbolFinder.KindOf(other.Int("kind")), name) is { } place ? [place] : [];
    }

    private static ToolResult Answer(ToolContext context, LspSession session, PlaceReader reader, string what, List<FoundPlace> places)
    {
        var (text, marks, complete) = reader.Show(places, Around, MaxPlaces);
        return ToolResult.Ok(places.Count == 0
            ? $"{session.Server.Name} knows no place that is {what}."
            : string.Create(CultureInfo.InvariantCulture, $"{places.Count} {(places.Count == 1 ? "place is" : "places are each")} {what} ({session.Server.Name}{(complete ? "" : "; not all are shown")})\n{text}")) with
        {
            Data = Data(context, reader.Data(places, complete), CairnJson.Default.PlacesData),
            Context = new ContextReport { Files = marks },
        };
    }
}
