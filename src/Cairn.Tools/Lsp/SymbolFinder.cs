using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cairn.Abstractions;
using Cairn.Tools.Calls;
using Cairn.Tools.Files;

namespace Cairn.Tools.Lsp;

/// <summary>A symbol that a document declares.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Container">The names around it, joined with dots; "" when there are none.</param>
/// <param name="Kind">class, function, …</param>
/// <param name="At">Where its name stands.</param>
/// <param name="Whole">All of it.</param>
/// <param name="Depth">How deep it lies.</param>
internal sealed record DocumentSymbol(string Name, string Container, string Kind, LspRange At, LspRange Whole, int Depth);

/// <summary>
/// Finds the place that an agent means by a name, a file and perhaps a line: agents count neither columns nor code units.
/// </summary>
internal static class SymbolFinder
{
    private const int MaxSymbols = 2000;
    private const int MaxDepth = 32;
    private const int NearLines = 3;

    private static readonly ImmutableArray<string> Kinds =
    [
        "symbol", "file", "module", "namespace", "package", "class", "method", "property", "field", "constructor", "enum", "interface", "function", "variable",
        "constant", "string", "number", "boolean", "array", "object", "key", "null", "enum member", "struct", "event", "operator", "type parameter",
    ];

    /// <summary>What the protocol's number for a kind of symbol means.</summary>
    public static string KindOf(int? number) => number is > 0 and < 27 ? Kinds[number.Value] : Kinds[0];

    /// <summary>The symbols that a document declares, outer ones before inner ones.</summary>
    public static async Task<ImmutableArray<DocumentSymbol>> SymbolsAsync(LspSession session, Shown document, CancellationToken cancellationToken)
    {
        if (!session.Capabilities.Has("documentSymbolProvider"))
        {
            return [];
        }

        var answer = await session.AskAsync(
            "textDocument/documentSymbol", new JsonObject { ["textDocument"] = LspJson.Document(LspUri.Of(session.Root, document.Path)) }, cancellationToken);
        var found = ImmutableArray.CreateBuilder<DocumentSymbol>();
        Read(answer, "", 0, found);
        return found.ToImmutable();
    }

    /// <summary>Where the symbol stands, or what is wrong with the question.</summary>
    /// <param name="session">The server.</param>
    /// <param name="document">The file.</param>
    /// <param name="symbol">The name; with dots for one within another: Order.total.</param>
    /// <param name="line">The line, from 1; null for where it is declared, else where it first stands.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<(int? Offset, string Problem)> FindAsync(LspSession session, Shown document, string symbol, int? line, CancellationToken cancellationToken)
    {
        var places = document.Places;
        var name = symbol[(symbol.LastIndexOfAny(['.', ':', '#']) + 1)..].Trim();
        if (name.Length == 0)
        {
            return (null, "The symbol's name is empty.");
        }

        if (line is { } given)
        {
            return given > places.LineCount
                ? (null, $"{WorkspacePath.Shown(document.Path)} has {places.LineCount} lines.")
                : Near(document, name, given);
        }

        var declared = await SymbolsAsync(session, document, cancellationToken);
        var container = symbol.Length > name.Length ? symbol[..^(name.Length + 1)].TrimEnd('.', ':', '#') : "";
        var same = declared.Where(s => BareName(s.Name) == name && (container.Length == 0 || s.Container == container || s.Container.EndsWith("." + container, StringComparison.Ordinal))).ToList();
        if (same.Count > 0)
        {
            // The range of a name may be that of the whole declaration.
            var from = places.Offset(same[0].At.Start);
            return (Find(places.Text, name, from, places.Offset(same[0].At.End)) ?? from, "");
        }

        return container.Length == 0 && Find(places.Text, name, 0, places.Text.Length) is { } first
            ? (first, "")
            : (null, Missing(document, symbol, declared));
    }

    /// <summary>Where a name stands as a whole word; null when it does not.</summary>
    public static int? Find(string text, string name, int from, int to)
    {
        for (var at = from; (at = text.IndexOf(name, at, to - at, StringComparison.Ordinal)) >= 0; at++)
        {
            if (!(at > 0 && IsWord(text, at - 1) && IsWord(text, at)) && !(at + name.Length < text.Length && IsWord(text, at + name.Length) && IsWord(text, at + name.Length - 1)))
            {
                return at;
            }
        }

        return null;
    }

    /// <summary>A name without the parameters that some servers write behind it, or the receiver that others write before it.</summary>
    private static string BareName(string name) =>
        name.StartsWith('(') ? name[(name.LastIndexOf('.') + 1)..] : name.IndexOf('(', StringComparison.Ordinal) is > 0 and var at ? name[..at] : name;

    private static (int? Offset, string Problem) Near(Shown document, string name, int line)
    {
        var places = document.Places;
        for (var distance = 0; distance <= NearLines; distance++)
        {
            foreach (var candidate in distance == 0 ? [line] : (int[])[line - distance, line + distance])
            {
                if (candidate >= 1 && candidate <= places.LineCount && places.Bounds(candidate) is var (start, end) && Find(places.Text, name, start, end) is { } at)
                {
                    return (at, "");
                }
            }
        }

        return (null, $"'{SafeText.Line(name, 80)}' does not stand in line {line.ToString(CultureInfo.InvariantCulture)} of {WorkspacePath.Shown(document.Path)}, nor within {NearLines} lines of it: {SafeText.Line(places.LineText(line).Trim(), 160)}");
    }

    private static string Missing(Shown document, string symbol, ImmutableArray<DocumentSymbol> declared)
    {
        var near = Similar.Names(symbol, declared.Select(s => BareName(s.Name)).Distinct(), 5);
        return $"'{SafeText.Line(symbol, 80)}' does not stand in {WorkspacePath.Shown(document.Path)}."
            + (near.Count == 0 ? "" : $" What it declares: {string.Join(", ", near.Select(n => SafeText.Line(n, 80)))}");
    }

    private static bool IsWord(string text, int at) => char.IsLetterOrDigit(text[at]) || text[at] is '_' or '$' || char.IsSurrogate(text[at]);

    private static void Read(JsonElement list, string container, int depth, ImmutableArray<DocumentSymbol>.Builder found)
    {
        if (depth > MaxDepth)
        {
            return;
        }

        foreach (var item in list.Items())
        {
            if (found.Count >= MaxSymbols)
            {
                return;
            }

            // The flat form has a location and perhaps a container's name, the nested one ranges and children.
            var whole = LspJson.Range(item.Get("range")) ?? LspJson.Range(item.Get("location").Get("range"));
            if (item.String("name") is not { } name || whole is not { } range)
            {
                continue;
            }

            name = SafeText.Line(name, 200);
            var inside = item.String("containerName") is { Length: > 0 } named ? SafeText.Line(named, 200) : container;
            found.Add(new(name, inside, KindOf(item.Int("kind")), LspJson.Range(item.Get("selectionRange")) ?? range, range, depth));
            Read(item.Get("children"), inside.Length == 0 ? BareName(name) : new StringBuilder(inside).Append('.').Append(BareName(name)).ToString(), depth + 1, found);
        }
    }
}
